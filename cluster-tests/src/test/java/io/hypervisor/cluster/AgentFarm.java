package io.hypervisor.cluster;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Many agents in one process: {@code AgentFarm FLAGS -- FLAGS ...}, the flags of one agent after
 * the other.
 */
final class AgentFarm {
    static final String SEPARATOR = "--";

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

    private static void run(String[] flags) {
        try {
            io.hypervisor.agent.Main.main(flags);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
