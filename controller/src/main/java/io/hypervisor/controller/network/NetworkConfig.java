package io.hypervisor.controller.network;

import io.hypervisor.core.Violations;
import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.Default;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How networks are made.
 *
 * @param vniRange the VNIs that are chosen for new networks, "FIRST-LAST"; creators may take any
 * @param macPrefix what generated MAC addresses begin with: three bytes of a unicast address
 */
public record NetworkConfig(
        @Default("4096-16777215") String vniRange,
        @Default("02:68:76") String macPrefix,
        DefaultNetwork defaultNetwork) {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,8})-(\\d{1,8})");
    private static final Pattern PREFIX = Pattern.compile("[0-9a-f][02468ace](:[0-9a-f]{2}){2}");
    private static final int MAX_VNI = (1 << 24) - 1;

    /**
     * The network of instances that name none.
     *
     * @param enabled makes it with the cluster, and gives instances without spec.network a port in
     *     it on nodes with a switch
     * @param name its name, in the tenant "default"
     * @param cidr the addresses of its one subnet
     */
    public record DefaultNetwork(
            @Default("true") boolean enabled,
            @Default("default") String name,
            @Default("10.200.0.0/16") String cidr) {
        /** Checks name and range. */
        public DefaultNetwork {
            Violations v = new Violations();
            v.name("name", name);
            SubnetRules.cidr(v, "cidr", cidr);
            v.throwIfAny();
        }
    }

    /** Checks the ranges. */
    public NetworkConfig {
        Matcher range = RANGE.matcher(vniRange);
        boolean inOrder =
                range.matches() && number(range, 1) >= 1 && number(range, 1) <= number(range, 2);
        if (!inOrder || number(range, 2) > MAX_VNI) {
            throw ConfigException.of("vni_range", vniRange, "FIRST-LAST, between 1 and " + MAX_VNI);
        }
        if (!PREFIX.matcher(macPrefix).matches()) {
            throw ConfigException.of(
                    "mac_prefix", macPrefix, "three bytes of a unicast address as 02:68:76");
        }
    }

    private static int number(Matcher range, int group) {
        return Integer.parseInt(range.group(group));
    }

    /** The first VNI that is chosen. */
    public int firstVni() {
        return Integer.parseInt(vniRange.substring(0, vniRange.indexOf('-')));
    }

    /** The last VNI that is chosen. */
    public int lastVni() {
        return Integer.parseInt(vniRange.substring(vniRange.indexOf('-') + 1));
    }

    /** As configured when nothing is. */
    public static NetworkConfig defaults() {
        return new NetworkConfig(
                "4096-16777215", "02:68:76", new DefaultNetwork(true, "default", "10.200.0.0/16"));
    }
}
