package io.hypervisor.cluster;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Many agents in one process: {@code AgentFarm FLAGS -- FLAGS ...}, the flags of one agent after
 * the other.
 */
final class AgentFarm {
    private static final String SEPARATOR = "--";

    private AgentFarm() {}

    public static void main(String[] arguments) {
        List<Integer> ends =
                IntStream.rangeClosed(0, arguments.length)
                        .filter(i -> i == arguments.length || arguments[i].equals(SEPARATOR))
                        .boxed()
                        .toList();
        int begin = 0;
        for (int end : ends) {
            String[] flags = Arrays.copyOfRange(arguments, begin, end);
            Thread.ofPlatform().start(() -> run(flags));
            begin = end + 1;
        }
    }

    /** Starts a process with these agents. */
    static Process start(Path folder, String name, List<List<String>> agents) {
        Path target = Path.of("../compute-agent/target").toAbsolutePath().normalize();
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData"));
        command.addAll(Deployed.javaOptions(folder));
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("--sun-misc-unsafe-memory-access=allow");
        command.add("-cp");
        command.add(
                String.join(
                        File.pathSeparator,
                        target.resolve("compute-agent.jar").toString(),
                        target + "/lib/*",
                        Path.of("target/test-classes").toAbsolutePath().toString()));
        command.add(AgentFarm.class.getName());
        agents.forEach(
                flags -> {
                    command.addAll(flags);
                    command.add(SEPARATOR);
                });
        command.removeLast();
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(Deployed.log(folder, name).toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void run(String[] flags) {
        try {
            io.hypervisor.agent.Main.main(flags);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
