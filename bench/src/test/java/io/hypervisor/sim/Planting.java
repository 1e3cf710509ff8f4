package io.hypervisor.sim;

import static net.bytebuddy.matcher.ElementMatchers.isConstructor;
import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.not;

import net.bytebuddy.ByteBuddy;
import net.bytebuddy.agent.ByteBuddyAgent;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.loading.ClassReloadingStrategy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A defect in production code, from its planting until it is closed. One at a time in a JVM. */
final class Planting implements AutoCloseable {
    private static final ClassLoader LOADER = Planting.class.getClassLoader();

    private final List<Class<?>> types = new ArrayList<>();
    private final ClassReloadingStrategy strategy;

    /** Rewrites the methods of these names, which the advices wrap; each is of another class. */
    Planting(List<Spot> spots) {
        ByteBuddyAgent.install();
        strategy = ClassReloadingStrategy.fromInstalledAgent();
        spots.forEach(this::plant);
    }

    private void plant(Spot spot) {
        Class<?> type = type(spot);
        ClassFileLocator source = ClassFileLocator.ForClassLoader.of(LOADER);
        new ByteBuddy()
                .redefine(type, source)
                .visit(
                        Advice.to(spot.advice(), source)
                                .on(not(isConstructor()).and(named(spot.method()))))
                .make()
                .load(LOADER, strategy)
                .getLoaded();
        types.add(type);
    }

    private static Class<?> type(Spot spot) {
        try {
            Class<?> type = Class.forName(spot.type(), true, LOADER);
            if (Arrays.stream(type.getDeclaredMethods())
                    .noneMatch(method -> method.getName().equals(spot.method()))) {
                throw new IllegalArgumentException(spot + ": there is no such method");
            }
            return type;
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Override
    public void close() {
        for (Class<?> type : types) {
            try {
                strategy.reset(type);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
