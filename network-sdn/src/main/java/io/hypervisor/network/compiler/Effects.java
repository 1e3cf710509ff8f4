package io.hypervisor.network.compiler;

import java.util.Locale;
import java.util.stream.Collectors;

/** What a flow does, in words: interfaces by what is behind them. */
final class Effects {
    private Effects() {}

    static String of(Flow flow, Wiring wiring) {
        String all =
                flow.actions().stream()
                        .map(action -> of(action, wiring))
                        .filter(text -> !text.isEmpty())
                        .distinct()
                        .collect(Collectors.joining(", "));
        return all.isEmpty() ? "dropped" : all;
    }

    private static String of(Action action, Wiring wiring) {
        return switch (action) {
            case Action.Set set -> of(set, wiring);
            case Action.Copy copy -> "";
            case Action.Resubmit resubmit -> "goes on to " + resubmit.stage().title();
            case Action.Track track -> "its connection is looked up";
            case Action.Commit commit ->
                    commit.mark() == Action.Commit.OPEN
                            ? "its connection is remembered"
                            : "its connection is blocked";
            case Action.Translate translate ->
                    "its "
                            + (translate.source() ? "source" : "destination")
                            + " becomes "
                            + translate.to();
            case Action.Untranslate untranslate -> "its translation is undone";
            case Action.ClearTracking clear -> "";
            case Action.Conjunction conjunction -> "";
            case Action.Output output -> "sent to " + wiring.behind(output.port());
            case Action.Reflect reflect -> "answered";
            case Action.Measure measure -> "within the rate of meter " + measure.meter();
            case Action.Ask ask -> "given to the agent";
            case Action.PushVlan push -> "tagged with VLAN " + push.vlan();
            case Action.PopVlan pop -> "its VLAN tag is taken off";
            case Action.DecrementTtl decrement -> "one hop less to go";
            case Action.Learn learn -> "its sender's MAC address is learned";
        };
    }

    private static String of(Action.Set set, Wiring wiring) {
        return switch (set.field()) {
            case NETWORK, SOURCE, SOURCE_ZONE, TARGET_ZONE, ORIGIN, FOUND, ASKER, IN_PORT -> "";
            case TARGET -> "for " + wiring.behind(set.value().intValue());
            case ROUTER -> "taken by a router";
            case QUESTION ->
                    "a question of the kind "
                            + Question.of(set.value().intValue()).name().toLowerCase(Locale.ROOT);
            default -> "its " + set.field().symbol() + " becomes " + set.field().show(set.value());
        };
    }
}
