package io.hypervisor.network.serve;

import io.hypervisor.core.Tasks;
import io.hypervisor.network.answer.Answers;
import io.hypervisor.network.answer.Reply;
import io.hypervisor.network.compiler.Directory;
import io.hypervisor.network.compiler.Wiring;
import io.hypervisor.network.model.NodeView;
import io.hypervisor.network.ovs.PacketIn;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What a node does for its guests: DHCP, router and neighbour discovery, names. */
public final class GuestServices implements AutoCloseable {
    // Guests forget a router that they have not heard of for two and a half hours.
    private static final Duration ADVERTISEMENTS = Duration.ofMinutes(10);

    /** Sends a frame out of an interface of the switch. */
    public interface Out {
        void send(int ofport, ByteBuffer frame);
    }

    /** What the switch does now, and the answers that belong to it. */
    private record Present(Directory directory, Answers answers) {}

    private final String domain;
    private final Forwarder forwarder;
    private final Out out;
    private final Tasks.Timer timer;
    private volatile Present present;
    private Set<Reply.Send> told = Set.of();

    /**
     * Knows nothing yet.
     *
     * @param domain what names of instances end in
     * @param resolvConf names the servers that are asked for other names
     * @param dnsPort where these listen
     */
    public GuestServices(String domain, Path resolvConf, int dnsPort, Out out, Tasks tasks) {
        this.domain = domain;
        this.forwarder = new Forwarder(resolvConf, dnsPort, tasks);
        this.out = out;
        this.present = present(NodeView.of(List.of()), Wiring.NONE);
        this.timer =
                tasks.every(
                        ADVERTISEMENTS,
                        tasks.concurrent("router advertisements"),
                        () -> present.answers().advertisements().forEach(this::send));
    }

    /** Answers from this view from now on. */
    public void use(NodeView view, Wiring wiring) {
        present = present(view, wiring);
    }

    /** Tells what is new in the view, once what it goes through is there. Not for two at once. */
    public void tell() {
        Answers answers = present.answers();
        Set<Reply.Send> news = new HashSet<>(answers.advertisements());
        news.addAll(answers.announcements());
        news.stream().filter(one -> !told.contains(one)).forEach(this::send);
        told = news;
    }

    private Present present(NodeView view, Wiring wiring) {
        Directory directory = new Directory(view, wiring);
        return new Present(directory, new Answers(directory, domain));
    }

    /** Answers a packet that a flow handed to the node. */
    public void received(PacketIn packet) {
        Present now = present;
        now.directory()
                .asked(packet::register)
                .ifPresent(
                        asked ->
                                now.answers()
                                        .answer(asked, packet.inPort(), packet.frame())
                                        .forEach(this::reply));
    }

    private void reply(Reply reply) {
        switch (reply) {
            case Reply.Send send -> send(send);
            case Reply.Forward forward ->
                    forwarder.forward(
                            forward.ofport(),
                            forward.query(),
                            message ->
                                    send(
                                            message.map(forward::answered)
                                                    .orElseGet(forward::failed)));
        }
    }

    private void send(Reply.Send send) {
        out.send(send.ofport(), send.frame());
    }

    @Override
    public void close() {
        timer.cancel();
    }
}
