package io.hypervisor.core.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.hypervisor.api.v1.Metadata;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Violations;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Map;

final class CloudInitTest {
    private static final String KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMq";

    private static void check(Map<String, String> annotations) {
        Violations v = new Violations();
        Specs.check(v, Metadata.newBuilder().putAllAnnotations(annotations).build());
        v.throwIfAny();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                KEY,
                KEY + " me@home",
                "# mine\r\n\r\n" + KEY + " Jürgen's key, \"new\"\r\n" + KEY + "==",
                "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= x",
                "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t",
                ""
            })
    void keysAsSshKeygenWritesThem(String keys) {
        assertThatCode(() -> check(Map.of(CloudInit.SSH_KEYS, keys))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "AAAAC3NzaC1lZDI1NTE5AAAAIOMq",
                "command=\"reboot\" " + KEY,
                KEY + " a\u0007b",
                KEY + "\n]}, evil: true",
                "ssh-ed25519 AAAA secret-secret"
            })
    void whatIsNoKeyIsRefusedAndNotRepeated(String keys) {
        Fault fault =
                catchThrowableOfType(
                        Fault.class, () -> check(Map.of("cloud-init/ssh-authorized-keys", keys)));
        assertThat(fault.violations())
                .extracting(Fault.Violation::field)
                .containsOnly("metadata.annotations[cloud-init/ssh-authorized-keys]");
        assertThat(fault.getMessage()).doesNotContain("secret", "evil", "reboot");
    }

    @Test
    void keysThatNobodyReadsAreRefused() {
        assertThat(
                        catchThrowableOfType(
                                Fault.class, () -> check(Map.of("cloud-init/userdata", "x"))))
                .hasMessageContaining("cloud-init/user-data");
        assertThatCode(() -> check(Map.of("cloud-init", "x", "my/cloud-init/x", "y")))
                .doesNotThrowAnyException();
    }
}
