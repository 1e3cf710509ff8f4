package io.hypervisor.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

class CommandTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    @Test
    void tellsCodeAndOutput() {
        Command.Ended ended =
                Command.run(LONG, List.of("sh", "-c", "echo no; echo room >&2; exit 3"));

        assertThat(ended.code()).isEqualTo(OptionalInt.of(3));
        assertThat(ended.ok()).isFalse();
        assertThat(ended.failure()).isEqualTo("sh failed: no room");
        assertThat(Command.run(LONG, List.of("true")).ok()).isTrue();
    }

    @Test
    void argumentsAreNotReadByAShell() {
        assertThat(Command.run(LONG, List.of("echo", "$HOME;*")).output()).isEqualTo("$HOME;*\n");
    }

    @Test
    void readsItsInputInItsFolder() {
        Path folder = Path.of("/tmp");

        assertThat(Command.run(LONG, folder, "a\n", List.of("sh", "-c", "pwd; cat")).output())
                .isEqualTo(folder.toAbsolutePath() + "\na\n");
    }

    @Test
    void whatDoesNotEndIsKilled() {
        Command.Ended ended = Command.run(Duration.ofMillis(1), List.of("sleep", "1000"));

        assertThat(ended.failure()).isEqualTo("sleep did not end in time");
    }

    @Test
    void whatNobodyWantsAnyMoreIsKilled() {
        CompletableFuture<Void> abandoned = CompletableFuture.completedFuture(null);

        assertThat(Command.run(LONG, abandoned, List.of("sleep", "1000")).ok()).isFalse();
    }

    @Test
    void aProgramThatIsNotThere() {
        assertThat(Command.run(LONG, List.of("no-such-program")).failure())
                .startsWith("no-such-program cannot be run: ");
    }
}
