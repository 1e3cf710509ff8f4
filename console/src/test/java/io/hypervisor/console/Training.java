package io.hypervisor.console;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypervisor.api.v1.InstanceState;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Runs the built hvctl once against a fake controller, while Java records which classes it needs:
 * from that record hvctl later starts in a fraction of the time.
 */
final class Training {
    private Training() {}

    /** Takes the module's folder. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path module = Path.of(args[0]);
        File cache = module.resolve("target/hvctl.aot").toFile();
        int code;
        try (FakeController controller = new FakeController()) {
            controller.addNode(1);
            controller.ahead.add(InstanceState.INSTANCE_STATE_RUNNING);
            // Goes through most of hvctl: flags, a file, calls, a watch, JSON and YAML.
            ProcessBuilder hvctl =
                    new ProcessBuilder(
                            module.resolve("bin/hvctl").toString(),
                            "instance",
                            "create",
                            "--file=-",
                            "--node=node-1",
                            "--output=yaml",
                            "--server=" + controller.address());
            hvctl.environment().put("JAVA_HOME", System.getProperty("java.home"));
            hvctl.environment()
                    .put("HVCTL_JAVA_OPTS", "-XX:AOTCacheOutput=" + cache + " -Xlog:aot=error");
            hvctl.redirectErrorStream(true);
            Process process = hvctl.start();
            try (var in = process.outputWriter(UTF_8)) {
                in.write("{name: web, type: INSTANCE_TYPE_VM, spec: {image: debian}}");
            }
            String said = new String(process.getInputStream().readAllBytes(), UTF_8);
            code = process.waitFor();
            if (code != 0 || !cache.isFile()) {
                System.err.println("hvctl cannot be trained: " + said);
                code = 1;
            }
        }
        System.exit(code);
    }
}
