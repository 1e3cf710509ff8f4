package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

@Tag("real")
class LibvirtScriptsTest {
    @TempDir Path folder;

    @Test
    void aFolderThatIsTooLongIsRefused() throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(
                                "../deploy/libvirt/start-libvirtd",
                                folder.resolve("x".repeat(100)).toString())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(output).contains("too long by").hasLineCount(1);
    }

    @Test
    void aSecondStartAdoptsAndNothingOutsideTheFolderShowsIt()
            throws IOException, InterruptedException {
        try (LibvirtDaemon daemon = LibvirtDaemon.start()) {
            daemon.restart();
            assertThat(daemon.virsh("list", "--all")).isBlank();
            assertThat(LibvirtDaemon.run("mount")).doesNotContain("/run/libvirt");
        }
    }

    @Test
    void aStartThatWasCutShortIsForgotten() throws IOException {
        Path xml = folder.resolve("domain.xml");
        Files.writeString(
                xml,
                """
                <domain type='qemu'><name>half</name><memory>16384</memory>
                <os><type>hvm</type></os></domain>
                """);
        try (LibvirtDaemon daemon = LibvirtDaemon.start()) {
            daemon.virsh("define", xml.toString());
            daemon.virsh("start", "half");
            daemon.killAsIfItWereStarting("half");
            daemon.restart();
            assertThat(daemon.virsh("domstate", "half")).isEqualToIgnoringNewLines("shut off");
            daemon.virsh("start", "half");
            daemon.virsh("destroy", "half");
            daemon.virsh("undefine", "half");
        }
    }
}
