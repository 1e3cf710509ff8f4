package io.hypervisor.bench.scale;

import com.google.errorprone.annotations.FormatMethod;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Lines over time, one panel of an SVG. */
final class Plot {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 220;
    private static final int LEFT = 80;
    private static final int RIGHT = 190;
    private static final int TOP = 24;
    private static final int BOTTOM = 34;
    private static final int TICKS = 5;
    private static final List<String> COLORS = List.of("#0b62a4", "#d9822b", "#2b8a3e", "#8e44ad");

    private final String unit;
    private final double end;
    private final List<Line> lines = new ArrayList<>();

    /** A value at a time. */
    record Point(double seconds, double value) {}

    private record Line(String name, List<Point> points) {}

    Plot(String unit, double end) {
        this.unit = unit;
        this.end = Math.max(1, end);
    }

    void line(String name, List<Point> points) {
        lines.add(new Line(name, points));
    }

    /** The panels, one below the other. */
    static String svg(List<Plot> plots) {
        StringBuilder svg = new StringBuilder();
        svg.append(
                format(
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
                                + " font-family=\"sans-serif\" font-size=\"12\">\n"
                                + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                        WIDTH, HEIGHT * plots.size()));
        for (int i = 0; i < plots.size(); i++) {
            svg.append(format("<g transform=\"translate(0,%d)\">\n", i * HEIGHT));
            plots.get(i).draw(svg);
            svg.append("</g>\n");
        }
        return svg.append("</svg>\n").toString();
    }

    private void draw(StringBuilder svg) {
        double top = niceTop();
        svg.append(text(LEFT, TOP - 8, "start", unit));
        for (int tick = 0; tick <= TICKS; tick++) {
            double value = top * tick / TICKS;
            svg.append(
                    format(
                            "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>\n",
                            LEFT, y(value, top), WIDTH - RIGHT));
            svg.append(text(LEFT - 6, y(value, top) + 4, "end", number(value)));
            double seconds = end * tick / TICKS;
            svg.append(text(x(seconds), HEIGHT - BOTTOM + 16, "middle", number(seconds) + " s"));
        }
        for (int i = 0; i < lines.size(); i++) {
            String color = COLORS.get(i);
            svg.append(path(lines.get(i), top, color));
            int y = TOP + 16 + 18 * i;
            svg.append(
                    format(
                            "<path d=\"M%d %dh16\" stroke=\"%s\" stroke-width=\"2\"/>\n",
                            WIDTH - RIGHT + 14, y - 4, color));
            svg.append(text(WIDTH - RIGHT + 36, y, "start", lines.get(i).name()));
        }
    }

    private String path(Line line, double top, String color) {
        StringBuilder path = new StringBuilder();
        // More points than pixels only make the file larger.
        int step = Math.max(1, line.points().size() / (WIDTH / 2));
        for (int i = 0; i < line.points().size(); i += step) {
            Point point = line.points().get(i);
            path.append(
                    format(
                            "%s%.1f %.1f",
                            path.isEmpty() ? "M" : "L", x(point.seconds()), y(point.value(), top)));
        }
        return format(
                "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", path, color);
    }

    /** The largest value, rounded up to 1, 2 or 5 times a power of ten. */
    private double niceTop() {
        double largest =
                lines.stream()
                        .flatMap(line -> line.points().stream())
                        .mapToDouble(Point::value)
                        .max()
                        .orElse(1);
        double power = Math.pow(10, Math.floor(Math.log10(Math.max(largest, 1e-3))));
        for (double factor : new double[] {1, 2, 5}) {
            if (largest <= factor * power) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    private double x(double seconds) {
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / end;
    }

    private static double y(double value, double top) {
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top;
    }

    private static String number(double value) {
        return value >= 10 || value == 0 ? format("%,.0f", value) : format("%.1f", value);
    }

    private static String text(double x, double y, String anchor, String content) {
        return format(
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"#333\">%s</text>\n",
                x, y, anchor, content);
    }

    @FormatMethod
    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
