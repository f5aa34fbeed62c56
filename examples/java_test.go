package examples

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// javaClient makes the client in Java.
func javaClient(d *document) []byte {
	var b strings.Builder
	b.WriteString(`// A client of a gate, made from its OpenAPI document. Do not edit.
// Java 17 or later, the standard library alone; Json.java stands beside it.

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Asks one gate. It may be used by any number of threads. */
public final class GateClient {
    private final String url;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();

    /** @param url of the gate, such as http://127.0.0.1:8701 */
    public GateClient(String url) {
        this.url = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    /** What the gate says is wrong. */
    public static final class ProblemException extends IOException {
        private static final long serialVersionUID = 1;
        public final transient Problem problem;

        ProblemException(Problem problem) {
            super(problem.code + ": " + problem.message.zh + " / " + problem.message.en);
            this.problem = problem;
        }
    }

    private Object call(String method, String path, Map<String, String> query, Object body) throws IOException, InterruptedException {
        StringBuilder at = new StringBuilder(url).append(path);
        char separator = '?';
        for (Map.Entry<String, String> e : query.entrySet()) {
            if (e.getValue() != null) {
                at.append(separator).append(e.getKey()).append('=').append(escape(e.getValue()));
                separator = '&';
            }
        }
        HttpRequest.BodyPublisher sent = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(Json.write(body));
        HttpRequest request = HttpRequest.newBuilder(URI.create(at.toString())).timeout(Duration.ofSeconds(30))
                .header("Content-Type", "application/json").method(method, sent).build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        Object told = Json.read(answer.body());
        if (answer.statusCode() >= 300) {
            throw new ProblemException(Problem.from(told));
        }
        return told;
    }

    private static Map<String, String> query(String... pairs) {
        Map<String, String> q = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            q.put(pairs[i], pairs[i + 1]);
        }
        return q;
    }

    private static String escape(String s) {
        return URLEncoder.encode(s, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static <T> List<T> list(Object value, Function<Object, T> each) {
        if (value == null) {
            return null;
        }
        List<T> out = new ArrayList<>();
        for (Object one : (List<?>) value) {
            out.add(each.apply(one));
        }
        return out;
    }

    private static void put(Map<String, Object> m, String name, Object value) {
        if (value != null) {
            m.put(name, value);
        }
    }
`)
	for _, o := range d.operations() {
		javaMethod(&b, o)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		javaType(&b, name, d.Components.Schemas[name])
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

func javaMethod(b *strings.Builder, o *operation) {
	var arguments, pairs []string
	path, body := fmt.Sprintf("%q", o.path), "null"
	for _, p := range o.in("path") {
		arguments = append(arguments, "String "+javaName(p.Name))
		path = strings.ReplaceAll(path, "{"+p.Name+"}", `" + escape(`+javaName(p.Name)+`) + "`)
	}
	path = strings.TrimSuffix(path, ` + ""`)
	if o.body() != "" {
		arguments, body = append(arguments, o.body()+" body"), "body.json()"
	}
	remark := strings.TrimSuffix(o.Summary, ".") + "."
	for _, p := range o.in("query") {
		arguments, pairs = append(arguments, "String "+javaName(p.Name)), append(pairs, fmt.Sprintf("%q, %s", p.Name, javaName(p.Name)))
		remark += fmt.Sprintf("\n     * @param %s %s; null for none", javaName(p.Name), p.Description)
	}
	if strings.Contains(remark, "\n") {
		remark = "\n     * " + remark + "\n    "
	}
	answer, from := o.answer(), o.answer()+".from(%s)"
	if answer == "" {
		answer, from = "Object", "%s"
	}
	call := fmt.Sprintf("call(%q, %s, query(%s), %s)", o.method, path, strings.Join(pairs, ", "), body)
	fmt.Fprintf(b, "\n    /** %s */\n    public %s %s(%s) throws IOException, InterruptedException {\n        return %s;\n    }\n",
		remark, answer, lowerCamel(o.OperationID), strings.Join(arguments, ", "), fmt.Sprintf(from, call))
}

func javaType(b *strings.Builder, name string, s *schema) {
	remark := s.Description
	if remark == "" {
		remark = name + " is sent or answered."
	}
	fmt.Fprintf(b, "\n    /** %s */\n    public static final class %s {\n", javaText(remark), name)
	fields := slices.Sorted(maps.Keys(s.Properties))
	for _, field := range fields {
		fmt.Fprintf(b, "        public %s %s;", javaKind(s.Properties[field]), javaName(field))
		if text := s.Properties[field].Description; text != "" {
			fmt.Fprintf(b, " // %s", text)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "\n        static %s from(Object value) {\n            if (value == null) {\n                return null;\n            }\n            Map<?, ?> m = (Map<?, ?>) value;\n            %s x = new %s();\n", name, name, name)
	for _, field := range fields {
		fmt.Fprintf(b, "            x.%s = %s;\n", javaName(field), javaFrom(s.Properties[field], fmt.Sprintf("m.get(%q)", field)))
	}
	b.WriteString("            return x;\n        }\n\n        Map<String, Object> json() {\n            Map<String, Object> m = new LinkedHashMap<>();\n")
	for _, field := range fields {
		fmt.Fprintf(b, "            put(m, %q, %s);\n", field, javaJSON(s.Properties[field], javaName(field)))
	}
	b.WriteString("            return m;\n        }\n    }\n")
}

// javaText keeps a comment from ending early.
func javaText(s string) string { return strings.ReplaceAll(s, "*/", "* /") }

func javaName(field string) string {
	name := lowerCamel(field)
	if name == "case" {
		return name + "Number"
	}
	return name
}

func javaKind(s *schema) string {
	if s.Ref != "" {
		return s.name()
	}
	switch s.Type {
	case "integer":
		return "Long"
	case "boolean":
		return "Boolean"
	case "array":
		return "List<" + javaKind(s.Items) + ">"
	case "object":
		return "Map<?, ?>"
	}
	return "String"
}

// javaFrom reads value, which is of Json, as s says.
func javaFrom(s *schema, value string) string {
	switch {
	case s.Ref != "":
		return s.name() + ".from(" + value + ")"
	case s.Type == "array" && s.Items.Ref != "":
		return "list(" + value + ", " + s.Items.name() + "::from)"
	case s.Type == "array":
		return "list(" + value + ", one -> (" + javaKind(s.Items) + ") one)"
	}
	return "(" + javaKind(s) + ") " + value
}

// javaJSON makes of a field what Json writes.
func javaJSON(s *schema, field string) string {
	switch {
	case s.Ref != "":
		return field + " == null ? null : " + field + ".json()"
	case s.Type == "array" && s.Items.Ref != "":
		return field + " == null ? null : list(" + field + ", one -> ((" + s.Items.name() + ") one).json())"
	}
	return field
}
