package io.hypervisor.controller.placement;

import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.state.Carriage;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Rooms;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** What a node has to pass, in the order in which a node's first failure is counted. */
enum Filter {
    STATUS {
        @Override
        Optional<String> refusal(Search search, Room room) {
            return refuseUnless(room.open(), () -> "is " + shortName(room.status()));
        }
    },
    TYPE {
        @Override
        Optional<String> refusal(Search search, Room room) {
            List<String> types = room.node().getSupportedInstanceTypesList();
            String needed = search.demand().typeName();
            return refuseUnless(
                    types.contains(needed),
                    () -> "needs " + needed + ", supports " + String.join(", ", types));
        }
    },
    REGION {
        @Override
        Optional<String> refusal(Search search, Room room) {
            return place(search.demand().policy().getRegion(), room.node().getRegion());
        }
    },
    ZONE {
        @Override
        Optional<String> refusal(Search search, Room room) {
            return place(search.demand().policy().getZone(), room.node().getZone());
        }
    },
    LABELS {
        @Override
        Optional<String> refusal(Search search, Room room) {
            Map<String, String> needed = search.demand().policy().getNodeSelectorMap();
            Map<String, String> labels = room.node().getMetadata().getLabelsMap();
            return refuseUnless(
                    labels.entrySet().containsAll(needed.entrySet()),
                    () -> "needs labels " + new TreeMap<>(needed));
        }
    },
    NETWORK {
        @Override
        Optional<String> refusal(Search search, Room room) {
            return search.demand().networks().stream()
                    .flatMap(network -> Carriage.refusal(room.node(), network).stream())
                    .findFirst();
        }
    },
    CPU {
        @Override
        Optional<String> refusal(Search search, Room room) {
            return amount(search, room, Resources::getCpuCores, "cores");
        }
    },
    MEMORY {
        @Override
        Optional<String> refusal(Search search, Room room) {
            return amount(search, room, Resources::getMemoryBytes, "bytes of memory");
        }
    },
    DISK {
        @Override
        Optional<String> refusal(Search search, Room room) {
            return amount(search, room, Resources::getDiskBytes, "bytes of disk");
        }
    },
    GPU {
        @Override
        Optional<String> refusal(Search search, Room room) {
            return amount(search, room, Resources::getGpuCount, "GPUs");
        }
    },
    IMAGE {
        @Override
        Optional<String> refusal(Search search, Room room) {
            boolean held = search.fetchesImage() || search.holdsImage(room);
            return refuseUnless(held, () -> "does not hold image " + search.demand().image());
        }
    },
    AFFINITY {
        @Override
        Optional<String> refusal(Search search, Room room) {
            return search.rules().stream()
                    .filter(rule -> !rule.holds(room))
                    .findFirst()
                    .map(Affinity::description);
        }
    };

    /** Why this filter turns a node away, without the node's name; empty if it does not. */
    abstract Optional<String> refusal(Search search, Room room);

    /** As the API names it. */
    String apiName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** An image that every node may be asked for: none, or a path, which nodes do not list. */
    static Set<String> imageTraits(InstanceType type, String image) {
        return image.isEmpty() || image.startsWith("/")
                ? Set.of()
                : Set.of(Rooms.image(type, image), Rooms.silent(type));
    }

    private static Optional<String> refuseUnless(boolean passes, Supplier<String> text) {
        return passes ? Optional.empty() : Optional.of(text.get());
    }

    private static Optional<String> place(String needed, String actual) {
        return refuseUnless(
                needed.isEmpty() || needed.equals(actual),
                () -> "is in \"" + actual + "\", not in \"" + needed + "\"");
    }

    private static Optional<String> amount(
            Search search, Room room, ToLongFunction<Resources> amount, String unit) {
        long need = amount.applyAsLong(search.demand().reservation());
        long free = amount.applyAsLong(room.free());
        return refuseUnless(
                need <= free,
                () ->
                        "needs "
                                + need
                                + " "
                                + unit
                                + ", "
                                + Math.max(0, free)
                                + " of "
                                + amount.applyAsLong(room.allocatable())
                                + " free");
    }

    private static String shortName(Enum<?> status) {
        return status.name().substring("NODE_STATUS_".length());
    }
}
