package io.hypervisor.agent;

import io.hypervisor.agent.testing.ScriptedController;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs the packaged agent once, while Java records which classes it needs: with that record it
 * later starts in a fraction of the time. Its containerd is out of reach, which takes it through
 * the connection's classes; instances run on paper.
 */
final class Training {
    private static final long PATIENCE_SECONDS = 120;
    private static final String ID = "01900000-0000-7000-8000-000000000001";

    private Training() {}

    /** Takes the module's folder. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path module = Path.of(args[0]);
        Path cache = module.resolve("target/compute-agent.aot");
        Path data = Files.createTempDirectory("agent-training");
        Files.deleteIfExists(cache);
        Path log = data.resolve("log");
        boolean ran;
        try (Tasks tasks = new VirtualTasks();
                ScriptedController controller = new ScriptedController(tasks)) {
            controller.document(document());
            Process process = start(module, cache, data, log, controller);
            ran = runs(controller, process);
            process.destroy();
            process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            process.destroyForcibly();
        }
        boolean trained = ran && Files.isRegularFile(cache);
        if (!trained) {
            System.err.println("the agent cannot be trained: " + Files.readString(log));
        }
        delete(data);
        System.exit(trained ? 0 : 1);
    }

    private static Process start(
            Path module, Path cache, Path data, Path log, ScriptedController controller)
            throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                        module.resolveSibling("deploy/process").toString(),
                        "compute-agent",
                        "--data-dir=" + data,
                        "--grpc-addr=127.0.0.1:0",
                        "--hostname=n1",
                        "--controllers=[" + controller.address() + "]",
                        "--drivers.container.enabled=true",
                        "--drivers.container.address=" + data.resolve("containerd.sock"),
                        "--network.enabled=false",
                        "--drivers.fake.enabled=true",
                        "--drivers.fake.types=[vm]");
        builder.environment().put("JAVA", System.getProperty("java.home") + "/bin/java");
        builder.environment().put("JAVA_OPTS", "-XX:AOTCacheOutput=" + cache + " -Xlog:aot=error");
        return builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }

    private static NodeDocument document() {
        return NodeDocument.newBuilder()
                .setClusterId(ScriptedController.CLUSTER)
                .setTerm(1)
                .setRevision(2)
                .addAssignments(
                        Assignment.newBuilder()
                                .setInstanceId(ID)
                                .setEpoch(1)
                                .setRunGeneration(1)
                                .setWant(Assignment.Want.WANT_RUNNING)
                                .setName("training")
                                .setType(InstanceType.INSTANCE_TYPE_VM)
                                .setSpec(InstanceSpec.newBuilder().setImage("run").setCpuCores(1)))
                .build();
    }

    private static boolean runs(ScriptedController controller, Process process)
            throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(PATIENCE_SECONDS).toNanos();
        while (process.isAlive() && System.nanoTime() < end) {
            var observed = controller.observed().get(ID);
            if (observed != null && observed.getState() == InstanceState.INSTANCE_STATE_RUNNING) {
                return true;
            }
            Thread.sleep(20);
        }
        return false;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
