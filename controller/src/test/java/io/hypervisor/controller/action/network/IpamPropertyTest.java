package io.hypervisor.controller.action.network;

import static io.hypervisor.controller.state.Snapshots.at;
import static io.hypervisor.controller.state.Snapshots.id;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;

import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UpdateSubnetRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.action.CreateInstance;
import io.hypervisor.controller.action.DeleteInstance;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.store.Limits;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Verbs at random, on a controller that crashes, over a store whose answers get lost: no address is
 * held twice, none is left over, and each is the one that a list of all addresses would give.
 */
final class IpamPropertyTest {
    // -Dipam.operations for more.
    private static final int OPERATIONS = Integer.getInteger("ipam.operations", 40_000);
    private static final int TRIES = 20;
    private static final NetworkConfig CONFIG = NetworkConfig.defaults();
    private static final List<String> RANGES =
            List.of(
                    "10.0.0.0/30",
                    "10.0.0.16/28",
                    "10.1.0.0/27",
                    "172.16.0.0/29",
                    "fd00::/126",
                    "fd00:0:0:1::/124");

    @Property(tries = TRIES)
    void equalsAListOfAllAddresses(@ForAll long seed) {
        Run run = new Run(new Random(seed));
        for (int i = 0; i < OPERATIONS / TRIES; i++) {
            run.step();
            if (i % 500 == 0) {
                run.crash();
            }
        }
        run.crash();
    }

    private static final class Run {
        private final Random random;
        private final Map<String, Store.Stored> stored = new TreeMap<>();
        private final Map<String, AddressModel> subnets = new TreeMap<>();
        private final List<String> networks = new ArrayList<>();
        private final List<Port> ports = new ArrayList<>();
        private final List<String> instances = new ArrayList<>();
        private Snapshot now = Snapshot.empty();
        private int made = 1;

        Run(Random random) {
            this.random = random;
            for (int i = 0; i < 2; i++) {
                CreateNetworkRequest request =
                        CreateNetworkRequest.newBuilder().setName("n" + i).build();
                networks.add(
                        commit(
                                        new CreateNetwork(
                                                request,
                                                RequestMark.getDefaultInstance(),
                                                fresh(),
                                                CONFIG))
                                .getId());
            }
        }

        void step() {
            switch (random.nextInt(16)) {
                case 0 -> createSubnet();
                case 1 -> deleteSubnet();
                case 2 -> updatePools();
                case 3, 4, 5 -> allocate();
                case 6, 7, 8 -> release();
                case 9, 10 -> createPort();
                case 11, 12 -> deletePort();
                case 13 -> createInstance();
                default -> deleteInstance();
            }
        }

        // ---- the store

        private Fresh fresh() {
            return new Fresh(
                    Stream.generate(() -> id(made++)).limit(CreateInstance.IDS).toList(), at(1));
        }

        private RequestMark mark() {
            return RequestMark.newBuilder().setId("r" + made++).setDigest(ByteString.EMPTY).build();
        }

        /** Decides and commits; the answer gets lost at times, and the caller asks again. */
        private <R> R commit(Action<R> action) {
            R answer = once(action);
            return random.nextInt(8) == 0 && retriable(action) ? once(action) : answer;
        }

        private static boolean retriable(Action<?> action) {
            return switch (action) {
                case AllocateIP a -> !a.mark().getId().isEmpty();
                case CreatePort p -> !p.mark().getId().isEmpty();
                default -> false;
            };
        }

        private <R> R once(Action<R> action) {
            if (random.nextInt(8) == 0) {
                // Decided, and never committed: the leader died. Nothing of it may remain.
                action.decide(now);
            }
            Action.Decision<R> decision = action.decide(now);
            if (!decision.edits().isEmpty()) {
                long revision = now.revision() + 1;
                List<Store.Write> writes = decision.edits().stream().map(Edit::toWrite).toList();
                Limits.check(writes);
                writes.forEach(write -> store(write, revision));
                now = now.with(revision, decision.edits());
            }
            return decision.answer().apply(now);
        }

        private void store(Store.Write write, long revision) {
            if (write.value().isPresent()) {
                stored.put(
                        write.key(), new Store.Stored(write.key(), write.value().get(), revision));
            } else {
                stored.remove(write.key());
            }
        }

        /** What is loaded is what was there, and that is what the model holds. */
        void crash() {
            Snapshot loaded =
                    Snapshot.load(
                            now.revision(), stored.values().stream().map(Run::loaded).toList());
            assertThat(loaded.network().allocations()).isEqualTo(now.network().allocations());
            assertThat(loaded.network().ports()).isEqualTo(now.network().ports());
            now = loaded;
            subnets.keySet().forEach(this::check);
            assertThat(now.network().allocations())
                    .hasSize(subnets.values().stream().mapToInt(s -> s.held.size()).sum());
            assertThat(now.network().ports()).hasSize(ports.size() + instances.size());
        }

        private static Snapshot.Loaded loaded(Store.Stored one) {
            Store.Write write = new Store.Write(one.key(), Optional.of(one.value()));
            return new Snapshot.Loaded(Edit.fromWrite(write), one.revision());
        }

        /** Everything about one subnet agrees with its model. */
        private void check(String id) {
            AddressModel model = subnets.get(id);
            Map<Address, String> held = new TreeMap<>();
            now.network()
                    .allocationsOf(id)
                    .values()
                    .forEach(
                            entry -> {
                                IPAllocation allocation = entry.value().getAllocation();
                                held.put(
                                        Address.parse(allocation.getIpAddress()),
                                        holder(allocation));
                            });
            assertThat(held).isEqualTo(model.held);
            assertThat(now.network().held(id).count()).isEqualTo(model.held.size());
        }

        private static String holder(IPAllocation allocation) {
            return allocation.getStatus().equals("RESERVED")
                    ? "by hand"
                    : allocation.getPortId().isEmpty() ? "gateway" : allocation.getPortId();
        }

        private <T> Optional<T> some(List<T> all) {
            return all.isEmpty()
                    ? Optional.empty()
                    : Optional.of(all.get(random.nextInt(all.size())));
        }

        private Optional<String> someSubnet() {
            return some(List.copyOf(subnets.keySet()));
        }

        /** An address of the range or next to it. */
        private Address someAddress(Prefix range) {
            return range.first().step(random.nextInt(34) - 1);
        }

        // ---- subnets

        private void createSubnet() {
            String range = RANGES.get(random.nextInt(RANGES.size()));
            String network = networks.get(random.nextInt(networks.size()));
            CreateSubnetRequest request =
                    CreateSubnetRequest.newBuilder()
                            .setName("s" + made)
                            .setNetworkId(network)
                            .setCidr(range)
                            .build();
            boolean overlaps =
                    subnets.values().stream()
                            .anyMatch(
                                    other ->
                                            other.networkId.equals(network)
                                                    && other.range.equals(Prefix.parse(range)));
            CreateSubnet action =
                    new CreateSubnet(request, RequestMark.getDefaultInstance(), fresh());
            if (overlaps) {
                refused(action, Fault.Kind.FAILED_PRECONDITION);
            } else {
                Subnet subnet = commit(action);
                subnets.put(subnet.getId(), new AddressModel(subnet));
            }
        }

        private void deleteSubnet() {
            someSubnet()
                    .ifPresent(
                            id -> {
                                DeleteSubnet action =
                                        new DeleteSubnet(
                                                DeleteSubnetRequest.newBuilder()
                                                        .setSubnetId(id)
                                                        .build());
                                if (subnets.get(id).held.size() > 1) {
                                    refused(action, Fault.Kind.FAILED_PRECONDITION);
                                } else {
                                    commit(action);
                                    subnets.remove(id);
                                    assertThat(now.network().allocationsOf(id)).isEmpty();
                                    assertThat(now.network().held(id).count()).isZero();
                                }
                            });
        }

        private void updatePools() {
            someSubnet()
                    .ifPresent(
                            id -> {
                                UpdateSubnetRequest.Builder request =
                                        UpdateSubnetRequest.newBuilder()
                                                .setUpdateMask(
                                                        FieldMask.newBuilder()
                                                                .addPaths("allocation_pools"));
                                Prefix range = subnets.get(id).range;
                                request.getSubnetBuilder().setId(id);
                                if (random.nextBoolean()) {
                                    request.getSubnetBuilder()
                                            .addAllocationPoolsBuilder()
                                            .setStart(
                                                    range.first()
                                                            .step(random.nextInt(2))
                                                            .toString())
                                            .setEnd(range.first().step(3).toString());
                                }
                                subnets.get(id)
                                        .setPools(commit(new UpdateSubnet(request.build(), at(2))));
                            });
        }

        // ---- addresses

        private void allocate() {
            someSubnet()
                    .ifPresent(
                            id -> {
                                AddressModel model = subnets.get(id);
                                AllocateIPRequest.Builder request =
                                        AllocateIPRequest.newBuilder().setSubnetId(id);
                                Optional<Address> expected = model.next();
                                Fault.Kind refusal = Fault.Kind.RESOURCE_EXHAUSTED;
                                if (random.nextInt(3) == 0) {
                                    Address wanted = someAddress(model.range);
                                    request.setIpAddress(wanted.toString());
                                    expected = Optional.of(wanted).filter(model::free);
                                    refusal =
                                            model.held.containsKey(wanted)
                                                    ? Fault.Kind.ALREADY_EXISTS
                                                    : Fault.Kind.INVALID_ARGUMENT;
                                }
                                AllocateIP action =
                                        new AllocateIP(request.build(), mark(), fresh());
                                if (expected.isEmpty()) {
                                    refused(action, refusal);
                                } else {
                                    assertThat(commit(action).getIpAddress())
                                            .isEqualTo(expected.get().toString());
                                    model.held.put(expected.get(), "by hand");
                                    check(id);
                                }
                            });
        }

        private void release() {
            someSubnet()
                    .ifPresent(
                            id -> {
                                AddressModel model = subnets.get(id);
                                Address address =
                                        some(List.copyOf(model.held.keySet())).orElseThrow();
                                ReleaseIP action =
                                        new ReleaseIP(
                                                ReleaseIPRequest.newBuilder()
                                                        .setSubnetId(id)
                                                        .setIpAddress(address.toString())
                                                        .build());
                                if (model.held.get(address).equals("by hand")) {
                                    commit(action);
                                    model.held.remove(address);
                                    check(id);
                                    refused(action, Fault.Kind.NOT_FOUND);
                                } else {
                                    refused(action, Fault.Kind.FAILED_PRECONDITION);
                                }
                            });
        }

        // ---- ports and instances

        /** The oldest subnet of a network with a free address, and that. */
        private Optional<Map.Entry<String, Address>> next(String network) {
            return subnets.entrySet().stream()
                    .filter(subnet -> subnet.getValue().networkId.equals(network))
                    .flatMap(
                            subnet ->
                                    subnet.getValue().next().stream()
                                            .map(at -> Map.entry(subnet.getKey(), at)))
                    .findFirst();
        }

        private void createPort() {
            String network = networks.get(random.nextInt(networks.size()));
            CreatePortRequest request =
                    CreatePortRequest.newBuilder().setNetworkId(network).build();
            Optional<Map.Entry<String, Address>> expected = next(network);
            CreatePort action = new CreatePort(request, mark(), fresh(), CONFIG);
            if (expected.isEmpty()) {
                refused(action);
                return;
            }
            Port port = commit(action);
            taken(expected.get(), port);
            ports.add(port);
        }

        private void taken(Map.Entry<String, Address> expected, Port port) {
            assertThat(port.getSubnetId()).isEqualTo(expected.getKey());
            assertThat(port.getIpAddress()).isEqualTo(expected.getValue().toString());
            subnets.get(expected.getKey()).held.put(expected.getValue(), port.getId());
            check(expected.getKey());
        }

        private void freed(Port port) {
            subnets.get(port.getSubnetId()).held.remove(Address.parse(port.getIpAddress()));
            check(port.getSubnetId());
        }

        private void deletePort() {
            some(ports)
                    .ifPresent(
                            port -> {
                                commit(
                                        new DeletePort(
                                                DeletePortRequest.newBuilder()
                                                        .setPortId(port.getId())
                                                        .build(),
                                                at(3)));
                                ports.remove(port);
                                freed(port);
                            });
        }

        /** It waits for a node that is never there, so that it can be deleted at once. */
        private void createInstance() {
            String network = networks.get(random.nextInt(networks.size()));
            CreateInstanceRequest.Builder request =
                    CreateInstanceRequest.newBuilder()
                            .setName("i" + made)
                            .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                            .setQueue(true);
            request.getSpecBuilder().getNetworkBuilder().setNetworkId(network);
            Optional<Map.Entry<String, Address>> expected = next(network);
            CreateInstance action =
                    new CreateInstance(request.build(), fresh(), ByteString.EMPTY, CONFIG);
            if (expected.isEmpty()) {
                refused(action);
                return;
            }
            String id = commit(action).getId();
            instances.add(id);
            taken(expected.get(), portOf(id));
        }

        private Port portOf(String instance) {
            String port = now.network().portsOfInstance(instance).iterator().next();
            return NetworkViews.port(now, port).orElseThrow();
        }

        private void deleteInstance() {
            some(instances)
                    .ifPresent(
                            id -> {
                                Port port = portOf(id);
                                commit(
                                        new DeleteInstance(
                                                DeleteInstanceRequest.newBuilder()
                                                        .setInstanceId(id)
                                                        .build(),
                                                at(4)));
                                instances.remove(id);
                                freed(port);
                            });
        }

        private void refused(Action<?> action, Fault.Kind... kinds) {
            try {
                action.decide(now);
            } catch (Fault fault) {
                assertThat(kinds.length == 0 || List.of(kinds).contains(fault.kind()))
                        .as(fault.getMessage())
                        .isTrue();
                return;
            }
            throw new AssertionError("not refused: " + action);
        }
    }
}
