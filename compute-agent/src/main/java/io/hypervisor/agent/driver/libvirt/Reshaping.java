package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.libvirt.Connection.Throttle;
import io.hypervisor.api.v1.CpuTopology;

import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.SchedLongParameter;
import org.libvirt.SchedParameter;
import org.libvirt.SchedUlongParameter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Gives a guest that runs other sizes, as far as QEMU can. */
final class Reshaping {
    private static final Logger log = LoggerFactory.getLogger(Reshaping.class);
    // VIR_DOMAIN_AFFECT_LIVE.
    private static final int LIVE = 1;

    private final Connection connection;
    private final Domain domain;
    private final String id;
    private final Sizes sizes;
    private final Element live;
    private final Set<String> waiting = new LinkedHashSet<>();

    /** A step that QEMU or the host may refuse. */
    private interface Change {
        void make() throws LibvirtException;
    }

    Reshaping(Connection connection, Domain domain, String id, Sizes sizes)
            throws LibvirtException {
        this.connection = connection;
        this.domain = domain;
        this.id = id;
        this.sizes = sizes;
        this.live = Xml.parse(domain.getXMLDesc(0));
    }

    /** Does what is left to do; returns what has to wait for a start. */
    List<String> become() throws LibvirtException {
        processors();
        memory();
        processorTime();
        throughput();
        return List.copyOf(waiting);
    }

    private void processors() {
        Element vcpu = only(live, "vcpu").orElseThrow();
        int most = Integer.parseInt(vcpu.getTextContent().strip());
        String current = vcpu.getAttribute("current");
        int now = current.isEmpty() ? most : Integer.parseInt(current);
        int wanted = sizes.cpus();
        if (wanted > now && wanted <= most) {
            attempt("spec.cpu_cores", () -> domain.setVcpusFlags(wanted, LIVE));
        } else if (wanted != now) {
            waiting.add("spec.cpu_cores");
        }
        if (most != sizes.maxCpus()) {
            waiting.add(
                    sizes.spec().getMaxCpuCores() == 0 ? "spec.cpu_cores" : "spec.max_cpu_cores");
        }
        if (!topology().equals(wantedTopology())) {
            waiting.add("spec.cpu_topology");
        }
    }

    private Optional<CpuTopology> wantedTopology() {
        return sizes.spec().hasCpuTopology()
                ? Optional.of(sizes.spec().getCpuTopology())
                : Optional.empty();
    }

    private Optional<CpuTopology> topology() {
        return only(live, "topology")
                .map(
                        seen ->
                                CpuTopology.newBuilder()
                                        .setSockets(number(seen.getAttribute("sockets")))
                                        .setCores(number(seen.getAttribute("cores")))
                                        .setThreads(number(seen.getAttribute("threads")))
                                        .build());
    }

    /**
     * The machine's memory is fixed while it runs; the guest's balloon takes some of it away. Less
     * is a matter of the balloon alone, so that it never waits.
     */
    private void memory() {
        long most = kib("memory");
        long now = kib("currentMemory");
        if (sizes.memoryKib() > most) {
            waiting.add("spec.memory_bytes");
        }
        long wanted = Math.min(sizes.guestMemoryKib(), most);
        if (wanted != now) {
            attempt("spec.memory_bytes", () -> domain.setMemory(wanted));
        }
    }

    private long kib(String name) {
        Element element = only(live, name).orElseThrow();
        String unit = element.getAttribute("unit");
        if (!unit.isEmpty() && !unit.equals("KiB")) {
            throw new IllegalStateException(name + ": unit " + unit + " (expected: KiB)");
        }
        return Long.parseLong(element.getTextContent().strip());
    }

    private void processorTime() {
        long quota = sizes.cpuQuota() == 0 ? -1 : sizes.cpuQuota();
        long period = sizes.cpuPeriod();
        long quotaNow = only(live, "global_quota").map(Reshaping::value).orElse(-1L);
        long periodNow = only(live, "global_period").map(Reshaping::value).orElse(period);
        if (quotaNow == quota && (quota < 0 || periodNow == period)) {
            return;
        }
        SchedUlongParameter length = new SchedUlongParameter();
        length.field = "global_period";
        length.value = period;
        SchedLongParameter share = new SchedLongParameter();
        share.field = "global_quota";
        share.value = quota;
        attempt(
                "spec.limits",
                () -> domain.setSchedulerParameters(new SchedParameter[] {length, share}));
    }

    private void throughput() {
        Throttle wanted = new Throttle(sizes.readBps(), sizes.writeBps());
        NodeList disks = live.getElementsByTagName("disk");
        for (int i = 0; i < disks.getLength(); i++) {
            Element disk = (Element) disks.item(i);
            Throttle now =
                    new Throttle(
                            only(disk, "read_bytes_sec").map(Reshaping::value).orElse(0L),
                            only(disk, "write_bytes_sec").map(Reshaping::value).orElse(0L));
            if (only(disk, "readonly").isEmpty() && !now.equals(wanted)) {
                String device = only(disk, "target").orElseThrow().getAttribute("dev");
                attempt("spec.limits", () -> connection.throttle(id, device, wanted));
            }
        }
    }

    /** What is refused waits for a start, which gives it in another way. */
    private void attempt(String field, Change change) {
        try {
            change.make();
            log.info("instance={} field={}: changed while it runs", id, field);
        } catch (LibvirtException | DriverException e) {
            log.warn("instance={} field={}: {}", id, field, e.getMessage());
            waiting.add(field);
        }
    }

    private static int number(String text) {
        return text.isEmpty() ? 0 : Integer.parseInt(text);
    }

    private static long value(Element element) {
        return Long.parseLong(element.getTextContent().strip());
    }

    private static Optional<Element> only(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        NodeList all = parent.getElementsByTagName(name);
        for (int i = 0; i < all.getLength(); i++) {
            found.add((Element) all.item(i));
        }
        return found.stream().findFirst();
    }
}
