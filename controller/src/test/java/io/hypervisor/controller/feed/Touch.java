package io.hypervisor.controller.feed;

/** Lets tests of other packages play the streams' part in {@link Contacts}. */
public final class Touch {
    private final Contacts contacts;

    /** Touches these contacts. */
    public Touch(Contacts contacts) {
        this.contacts = contacts;
    }

    /** The node's stream opens. */
    public void open(String nodeId) {
        contacts.streamOpened(nodeId);
    }

    /** The node's stream ends. */
    public void end(String nodeId) {
        contacts.streamEnded(nodeId);
    }

    /** The node gives a sign of life. */
    public void heard(String nodeId) {
        contacts.heard(nodeId);
    }

    /** The node has told all it has to tell. */
    public void settle(String nodeId) {
        contacts.settle(nodeId);
    }
}
