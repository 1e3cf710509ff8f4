package io.hypervisor.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.TerminalSize;
import io.hypervisor.console.Cli.Result;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;

class ConsoleCallTest {
    @AutoClose private final FakeController controller = new FakeController();
    private final Cli hvctl = new Cli(controller.address());

    @BeforeEach
    void start() {
        controller.addNode(1);
        controller.addInstance(11, "web", InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void pipedItEndsWhenInputAndOutputAreOver() {
        assertThat(
                        hvctl.typing("uname -a\n")
                                .run("instance", "console", "web", "--quiet-for", "300ms"))
                .isEqualTo(new Result(0, "login: uname -a\n", ""));
    }

    @Test
    void itEndsWhenTheServerEndsIt() {
        assertThat(
                        hvctl.typing("poweroff\n")
                                .run("instance", "console", "web", "--quiet-for", "1h"))
                .isEqualTo(new Result(0, "login: ", ""));
    }

    @Test
    void aLargePasteArrivesWhole() {
        String text = "0123456789abcdef".repeat(40_000);
        assertThat(
                        hvctl.typing(text)
                                .run("instance", "console", "web", "--quiet-for", "500ms")
                                .out())
                .isEqualTo("login: " + text);
    }

    @Test
    void onATerminalItTellsTheSizeAndLeavesByKey() {
        hvctl.onTerminal = true;
        byte[] keys = "ls\r\u001dnever sent".getBytes(StandardCharsets.UTF_8);
        hvctl.terminal = new Cli.Terminal(new ByteArrayInputStream(keys));
        assertThat(hvctl.run("instance", "console", "web"))
                .isEqualTo(new Result(0, "", "connected to web; Ctrl-] to leave\n\nleft web\n"));
        assertThat(hvctl.terminal.closed).isTrue();
        assertThat(controller.typed.getFirst())
                .isEqualTo(
                        ConsoleInput.newBuilder()
                                .setInstanceId(FakeController.id(11))
                                .setTty(true)
                                .setWidth(80)
                                .setHeight(24)
                                .build());
        assertThat(controller.typed.get(1).getResize())
                .isEqualTo(TerminalSize.newBuilder().setWidth(132).setHeight(43).build());
        assertThat(controller.typed).noneMatch(i -> i.getData().toStringUtf8().contains("never"));
    }
}
