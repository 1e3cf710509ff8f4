package io.hypervisor.cluster;

import io.hypervisor.core.FaultPoint;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which operation is brought to which point before which victim is killed. One kill serves many
 * cells: instances of all kinds wait at points of their own at the same time.
 */
final class CrashPlan {
    private CrashPlan() {}

    /**
     * Whom it hits. DAEMON is the one that runs the instance: libvirtd or containerd. MicroVMs have
     * none: nothing stands between the agent and their QEMUs.
     */
    enum Victim {
        CONTROLLER,
        AGENT,
        DAEMON,
        STORE
    }

    /** What an instance is. */
    enum Kind {
        VM("LIBVIRT_"),
        CONTAINER("CONTAINERD_"),
        MICROVM("MICROVM_");

        private final String points;

        Kind(String points) {
            this.points = points;
        }
    }

    /** An operation on an instance of a kind, in flight. */
    enum Lane {
        VM_CREATE,
        VM_STOP,
        VM_START,
        VM_DELETE,
        CONTAINER_CREATE,
        CONTAINER_STOP,
        CONTAINER_START,
        CONTAINER_DELETE,
        MICROVM_CREATE,
        MICROVM_STOP,
        MICROVM_START,
        MICROVM_DELETE;

        Kind kind() {
            return Kind.valueOf(name().substring(0, name().indexOf('_')));
        }

        String operation() {
            return name().substring(name().indexOf('_') + 1);
        }

        /** The points at which several instances can wait at once, in the order of the lane. */
        List<FaultPoint> path() {
            String driver = kind().points;
            List<FaultPoint> path = new ArrayList<>();
            path.add(FaultPoint.CONTROLLER_REQUEST_ACCEPTED);
            path.add(FaultPoint.AGENT_ACTION_PLANNED);
            switch (operation()) {
                case "CREATE" -> {
                    path.addAll(named(driver + "CREATE_"));
                    path.addAll(DONE);
                    path.addAll(named(driver + "START_"));
                }
                case "START" -> {
                    path.addAll(named(driver + "START_"));
                    path.addAll(DONE);
                }
                case "STOP" -> {
                    path.addAll(named(driver + "STOP_"));
                    if (kind() == Kind.CONTAINER) {
                        path.addAll(named(driver + "END_"));
                    }
                    path.addAll(DONE);
                }
                case "DELETE" -> {
                    path.addAll(named(driver + "DESTROY_"));
                    path.addAll(DONE);
                    path.add(FaultPoint.AGENT_GONE_SEEN);
                }
                default -> throw new IllegalStateException(name());
            }
            return path;
        }
    }

    private static final List<FaultPoint> DONE =
            List.of(FaultPoint.AGENT_ACTION_DONE, FaultPoint.AGENT_INVENTORY_UPDATED);

    /** One kill: what waits where when the victim dies. Lanes that wait nowhere run on. */
    record Round(Victim victim, Set<Lane> lanes, Map<Lane, FaultPoint> held, boolean serial) {}

    private static List<FaultPoint> named(String prefix) {
        return EnumSet.allOf(FaultPoint.class).stream()
                .filter(point -> point.name().startsWith(prefix))
                .toList();
    }

    /** All that an operation passes: by itself a microVM ends in MicroVmDriverTest. */
    static Set<FaultPoint> points() {
        Set<FaultPoint> points = EnumSet.allOf(FaultPoint.class);
        points.remove(FaultPoint.MICROVM_END_RECORDED);
        return points;
    }

    /** The lanes that a victim has something to do with. */
    private static Set<Lane> lanes(Victim victim) {
        Set<Lane> lanes = EnumSet.allOf(Lane.class);
        if (victim == Victim.DAEMON) {
            lanes.removeIf(lane -> lane.kind() == Kind.MICROVM);
        }
        return lanes;
    }

    /** Points on threads that one instance at a time can reach; each operation passes them. */
    static List<FaultPoint> serialPoints() {
        Set<FaultPoint> rest = points();
        for (Lane lane : Lane.values()) {
            rest.removeAll(lane.path());
        }
        return List.copyOf(rest);
    }

    /** Every operation at every point it passes, each victim. */
    static List<Round> all(List<Victim> victims) {
        List<Round> rounds = new ArrayList<>();
        for (Victim victim : victims) {
            shared(lanes(victim)).forEach(held -> rounds.add(shared(victim, held)));
            for (FaultPoint point : serialPoints()) {
                OPERATIONS.forEach(operation -> rounds.add(serial(victim, operation, point)));
            }
        }
        return rounds;
    }

    /**
     * Every point of VMs and containers at least once and most of microVMs', and every victim with
     * every operation.
     */
    static List<Round> covering(List<Victim> victims) {
        List<Round> rounds = new ArrayList<>();
        List<Map<Lane, FaultPoint>> shared = shared(EnumSet.allOf(Lane.class));
        for (int i = 0; i < shared.size(); i++) {
            rounds.add(shared(victims.get(i % victims.size()), shared.get(i)));
        }
        List<FaultPoint> serial = serialPoints();
        for (int i = 0; i < serial.size(); i++) {
            Victim victim = victims.get((i + i / OPERATIONS.size()) % victims.size());
            String operation = OPERATIONS.get(i % OPERATIONS.size());
            rounds.add(serial(victim, operation, serial.get(i)));
        }
        return rounds;
    }

    // In an order in which each leaves what the next one needs.
    static final List<String> OPERATIONS = List.of("CREATE", "STOP", "START", "DELETE");

    private static Round shared(Victim victim, Map<Lane, FaultPoint> held) {
        Map<Lane, FaultPoint> concerned = new TreeMap<>(held);
        concerned.keySet().retainAll(lanes(victim));
        return new Round(victim, lanes(victim), concerned, false);
    }

    static Round serial(Victim victim, String operation, FaultPoint point) {
        Map<Lane, FaultPoint> held = new TreeMap<>();
        for (Lane lane : lanes(victim)) {
            if (lane.operation().equals(operation)) {
                held.put(lane, point);
            }
        }
        return new Round(victim, held.keySet(), held, true);
    }

    /** As few rounds as come out of taking, for each lane, the next point that disturbs nobody. */
    private static List<Map<Lane, FaultPoint>> shared(Set<Lane> lanes) {
        Map<Lane, List<FaultPoint>> left = new TreeMap<>();
        for (Lane lane : lanes) {
            left.put(lane, new ArrayList<>(lane.path()));
        }
        List<Map<Lane, FaultPoint>> rounds = new ArrayList<>();
        while (left.values().stream().anyMatch(points -> !points.isEmpty())) {
            Map<Lane, FaultPoint> held = next(left);
            held.forEach((lane, point) -> left.get(lane).remove(point));
            rounds.add(held);
        }
        return rounds;
    }

    private static Map<Lane, FaultPoint> next(Map<Lane, List<FaultPoint>> left) {
        Map<Lane, FaultPoint> wanted = new LinkedHashMap<>();
        // Who has most to do goes first.
        List<Lane> order =
                left.keySet().stream()
                        .sorted((a, b) -> left.get(b).size() - left.get(a).size())
                        .toList();
        for (Lane lane : order) {
            for (FaultPoint point : left.get(lane)) {
                Map<Lane, FaultPoint> more = new LinkedHashMap<>(wanted);
                more.put(lane, point);
                Map<Lane, FaultPoint> held = held(left.keySet(), Set.copyOf(more.values()));
                if (more.entrySet().stream().allMatch(e -> held.get(e.getKey()) == e.getValue())) {
                    wanted = more;
                    break;
                }
            }
        }
        return held(left.keySet(), Set.copyOf(wanted.values()));
    }

    /** Where each lane waits when these points are armed. */
    private static Map<Lane, FaultPoint> held(Set<Lane> lanes, Set<FaultPoint> armed) {
        Map<Lane, FaultPoint> held = new TreeMap<>();
        for (Lane lane : lanes) {
            lane.path().stream()
                    .filter(new HashSet<>(armed)::contains)
                    .findFirst()
                    .ifPresent(point -> held.put(lane, point));
        }
        return held;
    }
}
