package match

import "gongxin"

// compareOrganisations grades the names of two organisations that are not the same
// after folding, part by part.
func compareOrganisations(x, y organisation, listed, given Party) named {
	var facts []gongxin.Fact
	say := func(about string, v gongxin.Verdict, l, g string) {
		facts = append(facts, gongxin.Fact{About: about, Verdict: v, Listed: l, Given: g})
	}
	place, within := x.place.relation(y.place)
	if !place || x.writtenPlace != y.writtenPlace {
		v := gongxin.VerdictVariant
		switch {
		case place:
		case within || x.place.name == "" || y.place.name == "":
			v = gongxin.VerdictDiffers
		default:
			v = gongxin.VerdictContradicts // 苏州恒瑞 and 无锡恒瑞 are two firms
		}
		say("place", v, x.writtenPlace, y.writtenPlace)
	}
	form := x.form == y.form
	if x.writtenForm != y.writtenForm {
		v := gongxin.VerdictVariant
		if !form {
			v = gongxin.VerdictDiffers
		}
		say("form", v, x.writtenForm, y.writtenForm)
	}
	branch := x.branch == y.branch
	if !branch {
		v := gongxin.VerdictDiffers
		if x.branch != "" && y.branch != "" {
			v = gongxin.VerdictContradicts
		}
		say("branch", v, x.branch, y.branch)
	}
	none := func() named {
		return found(gongxin.GradeNone, 0, gongxin.VerdictDiffers, listed, given, facts...)
	}
	for _, f := range facts {
		if f.Verdict == gongxin.VerdictContradicts {
			return none()
		}
	}
	same := x.stem == y.stem
	switch differences := count(!place, !form, !branch); {
	case place && x.key() == y.key():
		return found(gongxin.GradeStrong, rankStrong, gongxin.VerdictVariant, listed, given, facts...)
	case same && differences == 1:
		return found(gongxin.GradeWeak, rankForm, gongxin.VerdictDiffers, listed, given, facts...)
	case !same && differences == 0:
		a, b := []rune(x.stem), []rune(y.stem)
		if at, ok := oneDiffers(a, b); ok && len(a) > 1 {
			n := oneCharacter(a[at], b[at], false, listed, given)
			n.facts = append(n.facts, facts...)
			return n
		}
	}
	return none()
}

func count(all ...bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}
