package io.hypervisor.sim;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.hypervisor.core.server.HostPort;

import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A process's connection to an address: made when used, and again when it broke. */
final class SimChannel extends ManagedChannel {
    private final Network network;
    private final SimProcess process;
    private final HostPort address;
    private final Connection.Patience patience;
    private Optional<Connection> connection = Optional.empty();
    private boolean shutdown;

    SimChannel(
            Network network, SimProcess process, HostPort address, Connection.Patience patience) {
        this.network = network;
        this.process = process;
        this.address = address;
        this.patience = patience;
    }

    @Override
    public <Q, S> ClientCall<Q, S> newCall(MethodDescriptor<Q, S> method, CallOptions options) {
        return new SimClientCall<>(this, method, options, network.duplicates());
    }

    Network network() {
        return network;
    }

    SimProcess process() {
        return process;
    }

    /** A channel of its own to the same place. */
    SimChannel again() {
        return new SimChannel(network, process, address, patience);
    }

    /** The connection for the next call; empty if the channel is closed or leads nowhere. */
    Optional<Connection> connect() {
        if (shutdown || network.machine(address.host()).isEmpty()) {
            return Optional.empty();
        }
        if (connection.filter(c -> c.client().isOpen()).isEmpty()) {
            SimMachine to = network.machine(address.host()).get();
            connection = Optional.of(new Connection(network, process, to, address, patience));
        }
        return connection;
    }

    @Override
    public String authority() {
        return address.toString();
    }

    @Override
    public ConnectivityState getState(boolean requestConnection) {
        return shutdown ? ConnectivityState.SHUTDOWN : ConnectivityState.READY;
    }

    @Override
    public ManagedChannel shutdown() {
        return shutdownNow();
    }

    @Override
    public ManagedChannel shutdownNow() {
        shutdown = true;
        connection.ifPresent(c -> c.close("Channel shutdownNow invoked"));
        connection = Optional.empty();
        return this;
    }

    @Override
    public boolean isShutdown() {
        return shutdown;
    }

    @Override
    public boolean isTerminated() {
        return shutdown;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return shutdown;
    }
}
