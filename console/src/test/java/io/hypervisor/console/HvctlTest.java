package io.hypervisor.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.console.Cli.Result;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** What is neither a node nor an instance. */
class HvctlTest {
    @AutoClose private final FakeController controller = new FakeController();
    private final Cli hvctl = new Cli(controller.address());

    @TempDir Path folder;

    @BeforeEach
    void start() {
        controller.addNode(1);
        controller.addInstance(11, "web", InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void helpIsForEveryLevel() {
        assertThat(hvctl.run("--help").out()).contains("Usage: hvctl", "instance", "Exit codes:");
        assertThat(hvctl.run("instance", "create", "--help").out()).contains("--restart-policy");
        assertThat(hvctl.run("instance").code()).isEqualTo(2);
        assertThat(hvctl.run("instnace", "list").err())
                .startsWith("error: Unmatched argument")
                .contains("did you mean instance?");
    }

    @Test
    void images() {
        assertThat(hvctl.run("image", "list"))
                .isEqualTo(
                        new Result(
                                0,
                                """
                                IMAGE   TYPE  SIZE    NODES  AGE
                                debian  vm    1.5GiB  1      2h
                                """,
                                ""));
        hvctl.progress = true;
        assertThat(hvctl.run("image", "pull", "busybox", "--type", "container").err())
                .contains("\rbusybox: downloading 1KiB of 2KiB", "busybox pulled\n");
        hvctl.progress = false;
        assertThat(hvctl.run("image", "pull", "missing", "--type", "container"))
                .isEqualTo(new Result(1, "", "error: cannot pull missing: manifest unknown\n"));
    }

    @Test
    void theCatalogueOfImages() {
        String[] create = {
            "image",
            "create",
            "debian",
            "--url",
            "https://host/a",
            "--sha256",
            "00",
            "--size",
            "2GiB"
        };
        assertThat(hvctl.run(create).err()).isEqualTo("debian created\n");
        String[] json = Arrays.copyOf(create, create.length + 4);
        System.arraycopy(
                new String[] {"--user", "debian", "-o", "json"}, 0, json, create.length, 4);
        assertThat(hvctl.run(json).out())
                .contains("\"virtualSizeBytes\": \"2147483648\"", "\"defaultUser\": \"debian\"");
        assertThat(hvctl.run("image", "delete", "a", "b").err())
                .isEqualTo("a deleted\nb deleted\n");
        assertThat(hvctl.run("image", "delete", "missing").err()).contains("missing");
    }

    @Test
    void queriesAnyMethodByReflection() {
        assertThat(hvctl.run("query", "GetClusterInfo").out()).contains("\"clusterName\": \"lab\"");
        assertThat(
                        hvctl.typing("{instanceId: " + FakeController.id(11) + "}")
                                .run("query", "hypervisor.v1.ComputeService/GetInstance", "-")
                                .out())
                .contains("\"name\": \"web\"");
        assertThat(hvctl.run("query", "GetInstanceLogs", "{instance_id: x}").out().lines())
                .hasSize(2);
        assertThat(hvctl.run("query", "--no-header").out())
                .contains("hypervisor.v1.ComputeService/WatchInstance", "stream of InstanceEvent");
    }

    @Test
    void queryTellsWhatIsWrong() {
        assertThat(hvctl.run("query", "GetInstanec"))
                .isEqualTo(
                        new Result(
                                2,
                                "",
                                "error: no method GetInstanec\ntry: did you mean GetInstance?\n"));
        assertThat(hvctl.run("query", "GetInstance", "{instance: x}").err())
                .startsWith("error: the request is no GetInstanceRequest: ");
        assertThat(hvctl.run("query", "AttachConsole").code()).isEqualTo(2);
        assertThat(hvctl.run("query", "GetInstance", "{instance_id: x}").err())
                .isEqualTo("error: instance not found: x\n");
    }

    @Test
    void anUnreachableServerIsNamed() {
        Result result = hvctl.run("node", "list", "--server", "127.0.0.1:1");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .startsWith("error: cannot reach 127.0.0.1:1\n  Connection refused")
                .contains("try: hvctl context list");
    }

    @Test
    void aServerWithoutAPortIsRefused() {
        assertThat(hvctl.run("node", "list", "--server", "127.0.0.1"))
                .isEqualTo(
                        new Result(
                                2,
                                "",
                                """
                                error: '127.0.0.1' is no HOST:PORT
                                try: the port of gRPC, for example localhost:50051
                                """));
    }

    @Test
    void theHelpNamesEveryExitCode() {
        assertThat(hvctl.run("--help").out())
                .contains("0 done", "1 failed", "2 wrong", "3 not placed", "4 timed", "5 a traced");
    }

    @Test
    void contextsDecideWhichServer() throws IOException {
        hvctl.environment.remove("HVCTL_SERVER");
        hvctl.config = folder.resolve("config.yaml");
        Files.writeString(
                hvctl.config,
                "# mine\ncontexts:\n  lab: {server: '"
                        + controller.address()
                        + "'}\n  far: {server: 'far:50051', tls: {ca: ca.pem}}\n");
        assertThat(hvctl.run("context", "use", "lab")).isEqualTo(new Result(0, "", "using lab\n"));
        assertThat(Files.readString(hvctl.config)).startsWith("current: lab\n# mine\n");
        assertThat(hvctl.run("node", "list", "-o", "name").out()).isEqualTo("node-1\n");
        assertThat(hvctl.run("context", "list").out().lines().map(l -> l.replaceAll(" +", " ")))
                .containsExactly(
                        "CONTEXT SERVER TLS IN USE",
                        "lab " + controller.address() + " no *",
                        "far far:50051 server -");
        assertThat(hvctl.run("node", "list", "--context", "lba"))
                .isEqualTo(
                        new Result(
                                2,
                                "",
                                "error: no context lba in "
                                        + hvctl.config
                                        + "\ntry: did you mean lab?\n"));
    }

    @Test
    void anUnknownKeyOfTheFileIsAnError() throws IOException {
        hvctl.environment.remove("HVCTL_SERVER");
        hvctl.config = folder.resolve("config.yaml");
        Files.writeString(hvctl.config, "contexts: {lab: {sever: 'x:1'}}");
        assertThat(hvctl.run("node", "list"))
                .isEqualTo(
                        new Result(
                                2,
                                "",
                                "error: "
                                        + hvctl.config
                                        + ": unknown key contexts.lab.sever\n"
                                        + "try: did you mean server?\n"));
    }

    @Test
    void versions() {
        assertThat(hvctl.run("version").out())
                .matches(
                        "hvctl {7}\\d\\S*\ncontroller  1\\.2\\.3 at "
                                + controller.address()
                                + "\n");
        assertThat(hvctl.run("version", "--client").out().lines()).hasSize(1);
    }

    @Test
    void completionIsAScriptThatBashAccepts() throws Exception {
        String script = hvctl.run("completion", "bash").out();
        assertThat(script)
                .contains("$(hvctl instance list -o name --timeout-call 2s 2>/dev/null)")
                .contains("cordon", "--restart-policy", "not-ready")
                .doesNotContain(Candidates.INSTANCES, Candidates.NODES);
        Path file = Files.writeString(folder.resolve("completion"), script);
        Process bash = new ProcessBuilder("bash", "-n", file.toString()).inheritIO().start();
        assertThat(bash.waitFor()).isZero();
        assertThat(hvctl.run("completion", "zsh").out()).isEqualTo(script);
    }
}
