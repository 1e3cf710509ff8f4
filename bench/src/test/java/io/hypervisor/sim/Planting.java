package io.hypervisor.sim;

import static net.bytebuddy.matcher.ElementMatchers.isConstructor;
import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.not;

import net.bytebuddy.ByteBuddy;
import net.bytebuddy.agent.ByteBuddyAgent;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.loading.ClassReloadingStrategy;
import net.bytebuddy.matcher.ElementMatcher;

import java.io.IOException;
import java.io.UncheckedIOException;

/** A defect in production code, from its planting until it is closed. One at a time in a JVM. */
final class Planting implements AutoCloseable {
    private final Class<?> type;
    private final ClassReloadingStrategy strategy;

    /** Rewrites the methods of this name, which the advice wraps. */
    Planting(String className, String method, Class<?> advice) {
        this(className, not(isConstructor()).and(named(method)), advice);
    }

    Planting(
            String className, ElementMatcher.Junction<MethodDescription> methods, Class<?> advice) {
        ByteBuddyAgent.install();
        ClassLoader loader = Planting.class.getClassLoader();
        try {
            type = Class.forName(className, true, loader);
            strategy = ClassReloadingStrategy.fromInstalledAgent();
            ClassFileLocator source = ClassFileLocator.ForClassLoader.of(loader);
            if (type.getDeclaredMethods().length == 0 || !matches(methods)) {
                throw new IllegalArgumentException(className + " has no method " + methods);
            }
            new ByteBuddy()
                    .redefine(type, source)
                    .visit(
                            Advice.to(advice, ClassFileLocator.ForClassLoader.of(loader))
                                    .on(methods))
                    .make()
                    .load(loader, strategy)
                    .getLoaded();
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private boolean matches(ElementMatcher<MethodDescription> methods) {
        for (var method : type.getDeclaredMethods()) {
            if (methods.matches(new MethodDescription.ForLoadedMethod(method))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() {
        try {
            strategy.reset(type);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
