package io.hypervisor.network.compiler;

import io.hypervisor.network.compiler.Trail.End;
import io.hypervisor.network.compiler.Trail.Verdict;

import java.math.BigInteger;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** One packet in one switch. Actions change its fields; copies that go elsewhere keep them. */
final class Passage {
    // As the switch.
    private static final int DEEPEST = 64;

    private final Walk walk;
    private final Walk.Node node;
    private final Map<Field, BigInteger> fields;
    private final Steps steps;
    private int depth;

    Passage(Walk walk, Walk.Node node, Map<Field, BigInteger> fields, Steps steps) {
        this.walk = walk;
        this.node = node;
        this.fields = fields;
        this.steps = steps;
    }

    void enter(Stage stage) {
        Optional<Flow> found = walk.find(nodeId(), stage, fields);
        if (found.isEmpty()) {
            miss(stage);
            return;
        }
        Flow flow = found.get();
        walk.hop(node, stage, flow, steps);
        if (++depth > DEEPEST) {
            end(Verdict.DROPPED, "", "it goes round in circles");
            return;
        }
        if (dead(flow)) {
            String serves = node.table().serves(flow.cookie());
            end(
                    Verdict.DROPPED,
                    "",
                    "dropped in " + stage.title() + (serves.isEmpty() ? "" : " by " + serves));
        }
        flow.actions().forEach(this::act);
        depth--;
    }

    private static boolean dead(Flow flow) {
        return flow.actions().stream().allMatch(action -> action instanceof Action.Commit);
    }

    private void miss(Stage stage) {
        if (stage.learned()) {
            return;
        }
        End end =
                new End(
                        Verdict.DROPPED,
                        nodeId(),
                        ruled(stage),
                        "dropped in " + stage.title() + ": " + stage.miss(),
                        Walk.frame(fields));
        boolean fromElsewhere = number(Field.ORIGIN) != Origin.HERE.code();
        if (stage == Stage.CLASSIFY || (stage == Stage.SWITCH && fromElsewhere)) {
            steps.ignored(end);
        } else {
            steps.end(end);
        }
    }

    /** The port whose security groups have to allow what a stage lets pass. */
    private String ruled(Stage stage) {
        return switch (stage) {
            case EGRESS -> portId(number(Field.SOURCE));
            case INGRESS -> portId(number(Field.TARGET));
            default -> "";
        };
    }

    private void act(Action action) {
        switch (action) {
            case Action.Set set -> fields.put(set.field(), set.value());
            case Action.Copy copy -> fields.put(copy.to(), fields.get(copy.from()));
            case Action.Resubmit resubmit -> enter(resubmit.stage());
            case Action.Track track -> {
                Passage copy = copy();
                connections().track(nodeId(), number(track.zone()), copy.fields);
                copy.enter(track.next());
            }
            case Action.Commit commit ->
                    connections().commit(nodeId(), number(commit.zone()), fields, commit.mark());
            case Action.Translate translate -> {
                Passage copy = copy();
                connections().translate(nodeId(), translate, copy.fields);
                copy.enter(translate.next());
            }
            case Action.Untranslate untranslate -> {
                Passage copy = copy();
                connections().untranslate(nodeId(), untranslate.zone(), copy.fields);
                copy.enter(untranslate.next());
            }
            case Action.ClearTracking clear -> {
                fields.remove(Field.CT_STATE);
                fields.remove(Field.CT_MARK);
            }
            case Action.Output output -> output(output.port());
            case Action.Reflect reflect -> reflect();
            case Action.Measure measure -> {}
            case Action.Ask ask -> ask();
            case Action.PushVlan push ->
                    fields.put(Field.VLAN, BigInteger.valueOf(0x1000 | push.vlan()));
            case Action.PopVlan pop -> fields.put(Field.VLAN, BigInteger.ZERO);
            case Action.DecrementTtl decrement ->
                    fields.merge(Field.TTL, BigInteger.ONE, BigInteger::subtract);
            case Action.Learn learn -> walk.memory().learn(nodeId(), learn, fields);
            case Action.Conjunction conjunction ->
                    throw new IllegalStateException("a clause is not a flow of its own: " + action);
        }
    }

    private void output(int port) {
        if (port == number(Field.IN_PORT)) {
            return;
        }
        Wiring wiring = node.wiring();
        Packet packet = Walk.frame(fields);
        if (port == wiring.tunnel()) {
            walk.tunnel(nodeId(), fields, steps);
        } else if (physicalNetwork(port).isPresent()) {
            walk.physical(nodeId(), physicalNetwork(port).get(), packet, steps);
        } else {
            String id = portId(port);
            end(Verdict.DELIVERED, id, "port " + id + " gets it");
        }
    }

    private void reflect() {
        int port = number(Field.IN_PORT);
        String where = physicalNetwork(port).orElseGet(() -> portId(port));
        end(Verdict.ANSWERED, where, "the network answers");
    }

    private void ask() {
        Question question = Question.of(number(Field.QUESTION));
        if (question == Question.NEXT_HOP) {
            end(Verdict.LEFT, "", "it waits for the MAC address of a physical next hop");
        } else {
            end(Verdict.ANSWERED, "", "the agent answers a question of the kind " + question);
        }
    }

    private Optional<String> physicalNetwork(int port) {
        return node.wiring().patches().entrySet().stream()
                .filter(patch -> patch.getValue() == port)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    private String portId(int port) {
        return node.wiring().ports().entrySet().stream()
                .filter(plug -> plug.getValue().ofport() == port)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("nothing is plugged at " + port));
    }

    private void end(Verdict verdict, String where, String reason) {
        steps.end(new End(verdict, nodeId(), where, reason, Walk.frame(fields)));
    }

    private Passage copy() {
        Passage copy = new Passage(walk, node, new TreeMap<>(fields), steps);
        copy.depth = depth;
        return copy;
    }

    private Connections connections() {
        return walk.memory().connections();
    }

    private int number(Field field) {
        return fields.getOrDefault(field, BigInteger.ZERO).intValue();
    }

    private String nodeId() {
        return node.wiring().nodeId();
    }
}
