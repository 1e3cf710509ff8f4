package io.hypervisor.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The product's processes, run as deploy/process runs them. */
public final class Deployed {
    private static final Path PROCESS = Path.of("../deploy/process").toAbsolutePath().normalize();

    private Deployed() {}

    /**
     * Starts one.
     *
     * @param folder holds its data-dir, its temporary files and its log, all by its name
     */
    public static Process start(String module, Path folder, String name, List<String> flags) {
        return start(List.of(), module, folder, name, flags);
    }

    /** Starts one by a command that enters another place, or none. */
    public static Process start(
            List<String> enter, String module, Path folder, String name, List<String> flags) {
        List<String> command = new ArrayList<>(enter);
        command.addAll(List.of(PROCESS.toString(), module));
        command.addAll(flags);
        command.add("--data-dir=" + folder.resolve(name));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("JAVA_OPTS", String.join(" ", javaOptions(folder)));
        try {
            return builder.redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log(folder, name).toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What Java is told beyond what deploy/process says. */
    static List<String> javaOptions(Path folder) {
        Path tmp = folder.resolve("tmp");
        return List.of(
                // Short lives: starting fast counts, not running fast.
                "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + tmp, "-Djna.tmpdir=" + tmp);
    }

    /** Where it says what it does. */
    public static Path log(Path folder, String name) {
        return folder.resolve(name + ".log");
    }
}
