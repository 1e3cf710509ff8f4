package io.hypervisor.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** What the text of our sources keeps to. */
class SourceTest {
    private static final int MAX_METHOD_LINES = 70;
    private static final int MAX_FILE_LINES = 500;
    // Tests hold tables: a row per bad input, a case per rule of a contract.
    private static final int MAX_TEST_FILE_LINES = 700;
    private static final int MAX_MAIN_LINES = 200;
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @Test
    void filesAreShort() {
        assertThat(
                        sources()
                                .filter(
                                        f ->
                                                lines(f).size()
                                                        > (isMain(f)
                                                                ? MAX_FILE_LINES
                                                                : MAX_TEST_FILE_LINES)))
                .as(
                        "files over %d lines, tests over %d: split them by subject",
                        MAX_FILE_LINES, MAX_TEST_FILE_LINES)
                .isEmpty();
        assertThat(
                        sources()
                                .filter(f -> f.endsWith("Main.java"))
                                .filter(f -> lines(f).size() > MAX_MAIN_LINES))
                .as("Main only wires: over %d lines something else hides in it", MAX_MAIN_LINES)
                .isEmpty();
    }

    @Test
    void methodsAreShort() throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> tooLong = new ArrayList<>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            var units =
                    files.getJavaFileObjectsFromPaths(
                            sources().filter(SourceTest::isMain).toList());
            JavacTask task = (JavacTask) compiler.getTask(null, files, null, null, null, units);
            SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (CompilationUnitTree unit : task.parse()) {
                new LongMethods(unit, positions, tooLong).scan(unit, null);
            }
        }
        assertThat(tooLong)
                .as("methods over %d lines: name the parts and call them", MAX_METHOD_LINES)
                .isEmpty();
    }

    @Test
    void everyPackageSaysWhatItIsFor() {
        assertThat(
                        sources()
                                .filter(SourceTest::isMain)
                                .map(Path::getParent)
                                .distinct()
                                .filter(dir -> Files.notExists(dir.resolve("package-info.java"))))
                .as("packages without package-info.java: say purpose, invariants, must-nevers")
                .isEmpty();
    }

    @Test
    void nothingIsLeftForLater() {
        assertThat(sources().filter(f -> !f.endsWith("SourceTest.java")).flatMap(this::leftovers))
                .as("do it now, or say in the docs what does not work")
                .isEmpty();
    }

    private Stream<String> leftovers(Path file) {
        return lines(file).stream()
                .filter(line -> line.contains("TODO") || line.contains("FIXME"))
                .map(line -> ROOT.relativize(file) + ": " + line.strip());
    }

    private static boolean isMain(Path file) {
        return file.toString().contains("/src/main/");
    }

    private static Stream<Path> sources() {
        List<Path> found = new ArrayList<>();
        for (String module :
                List.of(
                        "core",
                        "network-sdn",
                        "controller",
                        "compute-agent",
                        "console",
                        "architecture-tests")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src"))) {
                files.filter(f -> f.toString().endsWith(".java")).forEach(found::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return found.stream();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Collects the methods that are too long. */
    private static final class LongMethods extends TreeScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final SourcePositions positions;
        private final List<String> tooLong;

        LongMethods(CompilationUnitTree unit, SourcePositions positions, List<String> tooLong) {
            this.unit = unit;
            this.positions = positions;
            this.tooLong = tooLong;
        }

        @Override
        public Void visitMethod(MethodTree method, Void unused) {
            long first = line(positions.getStartPosition(unit, method));
            long last = line(positions.getEndPosition(unit, method));
            if (last - first + 1 > MAX_METHOD_LINES) {
                tooLong.add(unit.getSourceFile().getName() + ":" + first + " " + method.getName());
            }
            return super.visitMethod(method, null);
        }

        private long line(long position) {
            return position < 0 ? 0 : unit.getLineMap().getLineNumber(position);
        }
    }
}
