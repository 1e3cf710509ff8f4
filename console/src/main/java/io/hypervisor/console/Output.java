package io.hypervisor.console;

import com.google.protobuf.Message;

import io.hypervisor.api.v1.EventType;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Writes answers to stdout in the form that was asked for. */
final class Output {
    /** How answers are written. */
    enum Format {
        table,
        wide,
        json,
        yaml,
        name
    }

    private static final Set<String> GOOD = Set.of("running", "ready", "added", "active");
    private static final Set<String> BAD =
            Set.of("failed", "unreachable", "unknown", "deleted", "error");

    private final PrintStream out;
    private final Format format;
    private final boolean header;
    private final List<String> chosen;
    private final boolean colour;
    private boolean begun;

    /**
     * @param chosen names of columns, in any case; empty: those of the format
     */
    Output(PrintStream out, Format format, boolean header, List<String> chosen, boolean colour) {
        this.out = out;
        this.format = format;
        this.header = header;
        this.chosen = chosen;
        this.colour = colour;
    }

    Format format() {
        return format;
    }

    /** Whether people read it, rather than programs. */
    boolean human() {
        return format == Format.table || format == Format.wide;
    }

    /**
     * Writes a list.
     *
     * @param answer what the API said, all pages together
     * @param columns the first of them is what names an item
     */
    <T> void list(Message answer, List<T> items, List<Column<T>> columns) {
        switch (format) {
            case json, yaml -> message(answer);
            case name -> items.forEach(item -> out.println(columns.getFirst().text().apply(item)));
            case table, wide -> table(items, columns);
        }
    }

    /** Writes one item as a list of one, but as itself in JSON and YAML. */
    <T> void row(Message answer, T item, List<Column<T>> columns) {
        list(answer, List.of(item), columns);
    }

    /** Writes one item with all its columns, one a line; empty ones are left out. */
    <T> void details(Message answer, T item, List<Column<T>> columns) {
        if (!human()) {
            row(answer, item, columns);
            return;
        }
        List<Column<T>> told =
                (chosen.isEmpty() ? columns : select(columns))
                        .stream().filter(c -> !c.text().apply(item).isEmpty()).toList();
        int width = told.stream().mapToInt(c -> c.name().length()).max().orElse(0) + 2;
        for (Column<T> column : told) {
            String text = clean(column.text().apply(item)).replace("\n", "\n" + " ".repeat(width));
            String gap = " ".repeat(width - column.name().length());
            out.println(column.name() + gap + (column.state() ? paint(text) : text));
        }
    }

    /**
     * Writes one event of a stream as soon as it comes: a line of columns that are as wide as
     * {@code widths} says, a line of JSON, or a YAML document. Bookmarks are not shown.
     */
    <T extends Message> void event(
            EventType type, T event, List<Column<T>> columns, List<Integer> widths) {
        if (type == EventType.EVENT_TYPE_UNSPECIFIED) {
            return;
        }
        switch (format) {
            case json, yaml -> line(event);
            case name -> out.println(columns.getFirst().text().apply(event));
            case table, wide -> {
                if (!begun && header) {
                    line(columns, columns.stream().map(Column::name).toList(), widths, false);
                }
                List<String> cells = columns.stream().map(c -> cell(c, event)).toList();
                line(columns, cells, widths, colour);
            }
        }
        begun = true;
        checkOpen();
    }

    /** Writes one message of a stream: a line of JSON, or a YAML document. */
    void line(Message answer) {
        out.print(format == Format.yaml ? "---\n" + Yaml.yaml(answer) : Yaml.line(answer) + "\n");
        checkOpen();
    }

    /** Flushes, and fails once nobody reads any more: a stream would otherwise never end. */
    void checkOpen() {
        if (out.checkError()) {
            throw Problem.failed("stdout is closed", "");
        }
    }

    /** Writes an answer in JSON or YAML; JSON unless YAML is asked for. */
    void message(Message answer) {
        out.print(format == Format.yaml ? Yaml.yaml(answer) : Yaml.json(answer) + "\n");
    }

    /** Writes a table whatever the format is, after a blank line if something stands above. */
    <T> void table(List<T> items, List<Column<T>> all) {
        if (begun) {
            out.println();
        }
        begun = true;
        List<Column<T>> columns = select(all);
        List<List<String>> rows = new ArrayList<>();
        items.forEach(item -> rows.add(columns.stream().map(c -> cell(c, item)).toList()));
        List<Integer> widths = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            int at = i;
            int widest = rows.stream().mapToInt(row -> row.get(at).length()).max().orElse(0);
            widths.add(header ? Math.max(widest, columns.get(i).name().length()) : widest);
        }
        if (header) {
            line(columns, columns.stream().map(Column::name).toList(), widths, false);
        }
        rows.forEach(row -> line(columns, row, widths, colour));
    }

    private <T> List<Column<T>> select(List<Column<T>> all) {
        if (chosen.isEmpty()) {
            return all.stream().filter(c -> !c.wide() || format == Format.wide).toList();
        }
        List<String> names = all.stream().map(Column::name).toList();
        List<Column<T>> columns = new ArrayList<>();
        for (String name : chosen) {
            String upper = name.toUpperCase(Locale.ROOT);
            int at = names.indexOf(upper);
            if (at < 0) {
                String near =
                        Nearest.to(upper, names).map(n -> "did you mean " + n + "? ").orElse("");
                throw Problem.usage(
                        "no column " + name,
                        (near + "columns: " + String.join(",", names)).toLowerCase(Locale.ROOT));
            }
            columns.add(all.get(at));
        }
        return columns;
    }

    private static <T> String cell(Column<T> column, T item) {
        String text = clean(column.text().apply(item)).replace("\n", ", ");
        return text.isEmpty() ? "-" : text;
    }

    private <T> void line(
            List<Column<T>> columns, List<String> cells, List<Integer> widths, boolean painted) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.size(); i++) {
            String cell = cells.get(i);
            line.append(painted && columns.get(i).state() ? paint(cell) : cell);
            if (i < cells.size() - 1) {
                line.repeat(" ", Math.max(0, widths.get(i) - cell.length()) + 2);
            }
        }
        out.println(line);
    }

    private String paint(String word) {
        if (!colour || word.equals("-")) {
            return word;
        }
        int code = GOOD.contains(word) ? 32 : BAD.contains(word) ? 31 : 33;
        return "\u001b[" + code + "m" + word + "\u001b[0m";
    }

    // What a server sends must not be able to steer the terminal.
    private static String clean(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints()
                .forEach(
                        c ->
                                out.appendCodePoint(
                                        Character.isISOControl(c) && c != '\n' ? 0xFFFD : c));
        return out.toString();
    }
}
