package io.hypervisor.agent.driver.fake;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.api.internal.v1.Nic;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;

/** An instance on paper: what is found, its interfaces, and when and how it ends by itself. */
record FakeInstance(
        Found found, FakeImage image, int cores, Optional<Instant> endsAt, List<Nic> nics) {

    /** The instance as it is at that time. */
    FakeInstance at(Instant now) {
        boolean over =
                found.state() == Found.State.RUNNING
                        && endsAt.isPresent()
                        && !now.isBefore(endsAt.get());
        return over ? ended(image.exit(), OptionalInt.of(image.exitCode()), "") : this;
    }

    FakeInstance ended(Found.Exit exit, OptionalInt code, String reason) {
        return with(Found.State.STOPPED, exit, code, reason);
    }

    FakeInstance half() {
        return with(Found.State.PARTIAL, Found.Exit.NONE, OptionalInt.empty(), "");
    }

    FakeInstance complete() {
        return with(Found.State.STOPPED, Found.Exit.NONE, OptionalInt.empty(), "");
    }

    FakeInstance started(long epoch, long runGeneration, Instant now) {
        Found running =
                new Found(
                        found.instanceId(),
                        epoch,
                        runGeneration,
                        found.local(),
                        Found.State.RUNNING,
                        Found.Exit.NONE,
                        OptionalInt.empty(),
                        "",
                        Optional.of(now));
        return new FakeInstance(running, image, cores, image.runsFor().map(now::plus), nics);
    }

    private FakeInstance with(Found.State state, Found.Exit exit, OptionalInt code, String reason) {
        Found changed =
                new Found(
                        found.instanceId(),
                        found.epoch(),
                        found.runGeneration(),
                        found.local(),
                        state,
                        exit,
                        code,
                        reason,
                        found.startedAt());
        return new FakeInstance(changed, image, cores, endsAt, nics);
    }

    FakeInstance wired(List<Nic> others) {
        return new FakeInstance(found, image, cores, endsAt, others);
    }

    FakeInstance sized(int others) {
        return new FakeInstance(found, image, others, endsAt, nics);
    }

    Properties toProperties() {
        Properties out = new Properties();
        out.setProperty("id", found.instanceId());
        out.setProperty("epoch", Long.toString(found.epoch()));
        out.setProperty("run_generation", Long.toString(found.runGeneration()));
        out.setProperty("local", Boolean.toString(found.local()));
        out.setProperty("state", found.state().name());
        out.setProperty("exit", found.exit().name());
        found.exitCode().ifPresent(code -> out.setProperty("exit_code", Integer.toString(code)));
        out.setProperty("reason", found.reason());
        found.startedAt().ifPresent(at -> out.setProperty("started_at", at.toString()));
        endsAt.ifPresent(at -> out.setProperty("ends_at", at.toString()));
        out.setProperty("image", image.name());
        out.setProperty("cores", Integer.toString(cores));
        out.setProperty("nics", Nics.write(nics));
        return out;
    }

    static FakeInstance of(Properties in) {
        String code = in.getProperty("exit_code", "");
        Found found =
                new Found(
                        in.getProperty("id"),
                        Long.parseLong(in.getProperty("epoch")),
                        Long.parseLong(in.getProperty("run_generation")),
                        Boolean.parseBoolean(in.getProperty("local")),
                        Found.State.valueOf(in.getProperty("state")),
                        Found.Exit.valueOf(in.getProperty("exit")),
                        code.isEmpty()
                                ? OptionalInt.empty()
                                : OptionalInt.of(Integer.parseInt(code)),
                        in.getProperty("reason"),
                        Optional.ofNullable(in.getProperty("started_at")).map(Instant::parse));
        return new FakeInstance(
                found,
                new FakeImage(in.getProperty("image")),
                Integer.parseInt(in.getProperty("cores")),
                Optional.ofNullable(in.getProperty("ends_at")).map(Instant::parse),
                Nics.read(in.getProperty("nics", "")));
    }
}
