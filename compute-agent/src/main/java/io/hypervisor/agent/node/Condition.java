package io.hypervisor.agent.node;

import io.hypervisor.api.v1.NodeCondition;
import io.hypervisor.core.Clock;

/** A condition that remembers when its status last changed. One writer. */
final class Condition {
    private static final int MAX_MESSAGE = 1_024;

    private final Clock clock;
    private NodeCondition now;

    Condition(String type, Clock clock) {
        this.clock = clock;
        this.now = NodeCondition.newBuilder().setType(type).setStatus("Unknown").build();
    }

    boolean isTrue() {
        return now.getStatus().equals("True");
    }

    boolean isUnknown() {
        return now.getStatus().equals("Unknown");
    }

    /** The message is only replaced with the status, so that figures do not change all the time. */
    void set(boolean value, String reason, String message) {
        String status = value ? "True" : "False";
        if (!now.getStatus().equals(status) || !now.getReason().equals(reason)) {
            boolean turned = !now.getStatus().equals(status);
            now =
                    now.toBuilder()
                            .setStatus(status)
                            .setReason(reason)
                            .setMessage(cut(message))
                            .setLastTransitionTime(
                                    turned ? clock.timestamp() : now.getLastTransitionTime())
                            .build();
        }
    }

    /** Like {@link #set}, with a message that is always the present one. */
    void tell(boolean value, String reason, String message) {
        set(value, reason, message);
        now = now.toBuilder().setMessage(cut(message)).build();
    }

    private static String cut(String message) {
        return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE);
    }

    NodeCondition get() {
        return now;
    }
}
