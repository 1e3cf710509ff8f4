package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.internal.v1.Nic;

import java.util.stream.Collectors;

/** The files by which programs in a container find names. Pure. */
final class HostFiles {
    private HostFiles() {}

    /** The content of /etc/resolv.conf: the DNS servers of all interfaces. */
    static String resolvConf(Target target) {
        return target.nics().stream()
                .flatMap(nic -> nic.getDnsServersList().stream())
                .distinct()
                .map(server -> "nameserver " + server + "\n")
                .collect(Collectors.joining());
    }

    /** The content of /etc/hosts: itself. */
    static String hosts(Target target) {
        StringBuilder hosts =
                new StringBuilder(
                        """
                        127.0.0.1 localhost
                        ::1 localhost ip6-localhost ip6-loopback
                        """);
        for (Nic nic : target.nics()) {
            for (String address : nic.getAddressesList()) {
                String bare = address.substring(0, address.indexOf('/'));
                hosts.append(bare).append(' ').append(target.name()).append('\n');
            }
        }
        return hosts.toString();
    }
}
