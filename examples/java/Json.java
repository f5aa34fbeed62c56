import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as Java's own values: Map, List, String, Long, Double, Boolean and null. Enough
 * for the gate's API, and nothing to depend on.
 */
final class Json {
    private static final int DEEPEST = 100;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** Reads one value. Throws IllegalArgumentException if text is not JSON. */
    static Object read(String text) {
        Json j = new Json(text);
        Object value = j.value(0);
        j.spaces();
        if (j.at < text.length()) {
            throw j.wrong();
        }
        return value;
    }

    /** Writes a value of those kinds. */
    static String write(Object value) {
        StringBuilder b = new StringBuilder();
        write(b, value);
        return b.toString();
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException("no JSON at character " + at);
    }

    private void spaces() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    /** Passes over c, and spaces before it, if it comes next. */
    private boolean take(char c) {
        spaces();
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private Object value(int depth) {
        if (depth > DEEPEST) {
            throw wrong();
        }
        spaces();
        if (take('{')) {
            Map<String, Object> m = new LinkedHashMap<>();
            while (!take('}')) {
                if (!m.isEmpty() && !take(',')) {
                    throw wrong();
                }
                String name = string();
                if (!take(':')) {
                    throw wrong();
                }
                m.put(name, value(depth + 1));
            }
            return m;
        }
        if (take('[')) {
            List<Object> l = new ArrayList<>();
            while (!take(']')) {
                if (!l.isEmpty() && !take(',')) {
                    throw wrong();
                }
                l.add(value(depth + 1));
            }
            return l;
        }
        if (at < text.length() && text.charAt(at) == '"') {
            return string();
        }
        int begin = at;
        while (at < text.length() && "+-.".indexOf(text.charAt(at)) >= 0 || at < text.length() && Character.isLetterOrDigit(text.charAt(at))) {
            at++;
        }
        String word = text.substring(begin, at);
        switch (word) {
            case "true":
                return Boolean.TRUE;
            case "false":
                return Boolean.FALSE;
            case "null":
                return null;
            default:
                try {
                    return word.matches("-?[0-9]+") ? (Object) Long.valueOf(word) : (Object) Double.valueOf(word);
                } catch (NumberFormatException e) {
                    throw wrong();
                }
        }
    }

    private String string() {
        if (!take('"')) {
            throw wrong();
        }
        StringBuilder b = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"') {
                return b.toString();
            }
            if (c != '\\') {
                b.append(c);
                continue;
            }
            if (at == text.length()) {
                break;
            }
            c = text.charAt(at++);
            int known = "\"\\/bfnrt".indexOf(c);
            if (known >= 0) {
                b.append("\"\\/\b\f\n\r\t".charAt(known));
            } else if (c == 'u' && at + 4 <= text.length()) {
                b.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                at += 4;
            } else {
                break;
            }
        }
        throw wrong();
    }

    private static void write(StringBuilder b, Object value) {
        if (value instanceof Map<?, ?> m) {
            char before = '{';
            for (Map.Entry<?, ?> e : m.entrySet()) {
                b.append(before);
                write(b, e.getKey());
                b.append(':');
                write(b, e.getValue());
                before = ',';
            }
            b.append(m.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> l) {
            char before = '[';
            for (Object one : l) {
                b.append(before);
                write(b, one);
                before = ',';
            }
            b.append(l.isEmpty() ? "[]" : "]");
        } else if (value instanceof String s) {
            b.append('"');
            for (int i = 0; i < s.length(); i++) {
                char c = s.charAt(i);
                if (c == '"' || c == '\\') {
                    b.append('\\').append(c);
                } else if (c < ' ') {
                    b.append(String.format("\\u%04x", (int) c));
                } else {
                    b.append(c);
                }
            }
            b.append('"');
        } else {
            b.append(value);
        }
    }
}
