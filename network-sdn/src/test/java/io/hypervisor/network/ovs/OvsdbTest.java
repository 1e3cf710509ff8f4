package io.hypervisor.network.ovs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;

import io.hypervisor.core.VirtualTasks;
import io.hypervisor.network.testing.TestSwitch;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** Against a real ovsdb-server. */
@Tag("real")
class OvsdbTest {
    @AutoClose private static TestSwitch real;
    private final VirtualTasks tasks = new VirtualTasks();
    private final AtomicInteger changes = new AtomicInteger();
    private Ovsdb ovsdb;

    @BeforeAll
    static void start() {
        real = TestSwitch.start();
    }

    @BeforeEach
    void connect() {
        ovsdb =
                new Ovsdb(
                        real.socket(),
                        "Open_vSwitch",
                        Map.of(
                                "Open_vSwitch", List.of("external_ids", "bridges"),
                                "Bridge", List.of("name", "ports", "protocols", "external_ids"),
                                "Port", List.of("name", "interfaces"),
                                "Interface", List.of("name", "type", "ofport")),
                        tasks,
                        changes::incrementAndGet);
        ovsdb.start();
        awaitConnected();
    }

    @AfterEach
    void close() {
        ovsdb.close();
        tasks.close();
    }

    private void awaitConnected() {
        await().atMost(Duration.ofSeconds(60)).until(ovsdb::connected);
    }

    private void note(String key, String value) {
        ovsdb.transact(
                List.of(
                        Ops.mutateRoot(
                                "Open_vSwitch", "external_ids", "delete", Ops.set(List.of(key))),
                        Ops.mutateRoot(
                                "Open_vSwitch",
                                "external_ids",
                                "insert",
                                Ops.map(Map.of(key, value)))));
    }

    private String noted(String key) {
        return ovsdb.tables().all("Open_vSwitch").iterator().next().map("external_ids").get(key);
    }

    @Test
    void theCopyHoldsWhatWasWrittenOnceTheWriteReturns() {
        for (int i = 0; i < 200; i++) {
            note("count", "" + i);
            assertThat(noted("count")).isEqualTo("" + i);
        }
    }

    @Test
    void theCopyFollowsWhatOthersWrite() {
        real.vsctl("add-br", "other", "--", "set", "bridge", "other", "datapath_type=netdev");
        await().until(() -> ovsdb.tables().named("Interface", "other").isPresent());
        Row bridge = ovsdb.tables().named("Bridge", "other").orElseThrow();
        Row port = ovsdb.tables().row("Port", bridge.text("ports")).orElseThrow();
        assertThat(port.text("name")).isEqualTo("other");
        assertThat(bridge.texts("protocols")).isEmpty();
        await().until(
                        () ->
                                ovsdb.tables()
                                                .named("Interface", "other")
                                                .orElseThrow()
                                                .number("ofport")
                                        == 65534);

        real.vsctl("del-br", "other");
        assertThat(ovsdb.tables().named("Bridge", "other")).isEmpty();
        assertThat(ovsdb.tables().named("Interface", "other")).isEmpty();
        assertThat(changes.get()).isGreaterThan(2);
    }

    @Test
    void aRefusedOperationChangesNothingAndSaysWhy() {
        JsonObject unknown = Ops.with(Ops.row(), "no_such_column", "x");
        assertThatThrownBy(
                        () ->
                                ovsdb.transact(
                                        List.of(
                                                Ops.mutateRoot(
                                                        "Open_vSwitch",
                                                        "external_ids",
                                                        "insert",
                                                        Ops.map(Map.of("half", "made"))),
                                                Ops.insert("Bridge", "b", unknown))))
                .isInstanceOf(SwitchException.class)
                .hasMessageContaining("no_such_column");
        assertThat(noted("half")).isNull();
    }

    @Test
    void aCommitThatBreaksTheSchemaIsAnErrorToo() {
        // Every operation succeeds; that a bridge of this name exists twice is found at the end.
        List<JsonObject> twice =
                IntStream.range(0, 2)
                        .mapToObj(
                                i ->
                                        Ops.insert(
                                                "Bridge",
                                                "b" + i,
                                                Ops.with(Ops.row(), "name", "same")))
                        .toList();
        List<JsonObject> all = new ArrayList<>(twice);
        all.add(Ops.mutateRoot("Open_vSwitch", "bridges", "insert", Ops.named("b0")));
        all.add(Ops.mutateRoot("Open_vSwitch", "bridges", "insert", Ops.named("b1")));

        assertThatThrownBy(() -> ovsdb.transact(all))
                .isInstanceOf(SwitchException.class)
                .hasMessageContaining("constraint violation");
        assertThat(ovsdb.tables().named("Bridge", "same")).isEmpty();
    }

    @Test
    void comesBackAfterTheServerDied() {
        note("before", "death");
        int seen = changes.get();
        real.killOvsdb();
        await().until(() -> !ovsdb.connected());
        assertThat(changes.get()).isGreaterThan(seen);
        assertThat(noted("before")).isEqualTo("death");
        assertThatThrownBy(() -> note("while", "dead"))
                .isInstanceOf(SwitchException.class)
                .hasMessageContaining("not connected");

        real.startOvsdb();
        awaitConnected();
        note("after", "death");
        assertThat(noted("before")).isEqualTo("death");
        assertThat(noted("after")).isEqualTo("death");
    }
}
