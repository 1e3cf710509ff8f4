package io.hypervisor.agent.driver.guest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

@Tag("real")
class KvmProbeTest {
    @TempDir Path folder;

    @Test
    void tellsAGuestThatRunsFromOneThatDoesNot() throws IOException {
        KvmProbe probe = new KvmProbe(folder);
        assertThat(probe.boots("tcg")).isTrue();
        assertThat(probe.boots("no-such-accelerator")).isFalse();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void remembersTheVerdictUntilTheNextBoot() throws IOException {
        Path verdict = folder.resolve("kvm-probe");
        boolean works = new KvmProbe(folder).works();
        if (!Files.exists(Path.of("/dev/kvm"))) {
            assertThat(works).isFalse();
            return;
        }
        assertThat(Files.readString(verdict)).endsWith(works ? " works" : " fails");
        String opposite = works ? " fails" : " works";
        String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        Files.writeString(verdict, boot + opposite);
        assertThat(new KvmProbe(folder).works()).isEqualTo(!works);
        Files.writeString(verdict, "another-boot" + opposite);
        assertThat(new KvmProbe(folder).works()).isEqualTo(works);
    }
}
