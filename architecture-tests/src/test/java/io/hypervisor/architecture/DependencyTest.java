package io.hypervisor.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import java.util.Set;
import java.util.concurrent.Executor;

/** Who may know whom. */
@AnalyzeClasses(packages = "io.hypervisor", importOptions = DoNotIncludeTests.class)
class DependencyTest {
    private static final String CONTROLLER = "io.hypervisor.controller..";
    private static final String AGENT = "io.hypervisor.agent..";
    private static final String CONSOLE = "io.hypervisor.console..";
    private static final String CORE = "io.hypervisor.core..";

    private static final Set<String> FORBIDDEN_CALLS =
            Set.of(
                    "java.time.Instant.now",
                    "java.time.LocalDateTime.now",
                    "java.time.ZonedDateTime.now",
                    "java.lang.System.currentTimeMillis",
                    "java.lang.System.nanoTime",
                    "java.lang.Math.random",
                    "java.lang.Thread.<init>",
                    "java.lang.Thread.sleep",
                    "java.lang.Thread.startVirtualThread",
                    "java.lang.Thread$Builder.start",
                    "java.util.Random.<init>",
                    "java.util.Timer.<init>",
                    "java.util.UUID.randomUUID",
                    "java.util.concurrent.ThreadLocalRandom.current",
                    "java.util.concurrent.CompletableFuture.supplyAsync",
                    "java.util.concurrent.CompletableFuture.runAsync",
                    "java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor",
                    "java.util.concurrent.Executors.newCachedThreadPool",
                    "java.util.concurrent.Executors.newScheduledThreadPool",
                    "java.util.concurrent.Executors.newSingleThreadExecutor",
                    "java.util.concurrent.Executors.newSingleThreadScheduledExecutor");

    @ArchTest
    static final ArchRule controllerDoesNotKnowTheAgent =
            noClasses()
                    .that()
                    .resideInAPackage(CONTROLLER)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(AGENT, CONSOLE)
                    .because(
                            "controller and agent talk through api/proto alone; shared code is"
                                    + " core");

    @ArchTest
    static final ArchRule agentDoesNotKnowTheController =
            noClasses()
                    .that()
                    .resideInAPackage(AGENT)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(CONTROLLER, CONSOLE)
                    .because(
                            "controller and agent talk through api/proto alone; shared code is"
                                    + " core");

    @ArchTest
    static final ArchRule consoleKnowsOnlyThePublicApi =
            noClasses()
                    .that()
                    .resideInAPackage(CONSOLE)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(CONTROLLER, AGENT, CORE, "io.hypervisor.api.internal..")
                    .because("whatever hvctl can do, any client must be able to do");

    @ArchTest
    static final ArchRule coreKnowsNobody =
            noClasses()
                    .that()
                    .resideInAPackage(CORE)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(CONTROLLER, AGENT, CONSOLE)
                    .because("core is what the rooms share; what knows a room belongs into it");

    @ArchTest
    static final ArchRule onlyTheEtcdStoreKnowsEtcd =
            only("io.hypervisor.controller.store.etcd..", "put it behind Store", "io.etcd..");

    @ArchTest
    static final ArchRule onlyTheLocalStoreKnowsSql =
            only("io.hypervisor.controller.store.local..", "put it behind Store", "java.sql..");

    @ArchTest
    static final ArchRule onlyTheLibvirtDriverKnowsLibvirt =
            only(
                    "io.hypervisor.agent.driver.libvirt..",
                    "put it behind InstanceDriver",
                    "org.libvirt..",
                    "com.sun.jna..");

    @ArchTest
    static final ArchRule onlyTheContainerdDriverKnowsContainerd =
            only(
                    "io.hypervisor.agent.driver.containerd..",
                    "put it behind InstanceDriver",
                    "io.hypervisor.agent.driver.containerd.wire..",
                    "io.netty.channel.epoll..");

    @ArchTest
    static final ArchRule schedulingAndStateArePure =
            noClasses()
                    .that()
                    .resideInAnyPackage(
                            "io.hypervisor.controller.placement..",
                            "io.hypervisor.controller.state..",
                            "io.hypervisor.controller.trace..",
                            "io.hypervisor.network.answer..",
                            "io.hypervisor.network.compiler..")
                    .or()
                    .haveSimpleName("NodeDocuments")
                    .or()
                    .haveSimpleName("DomainXml")
                    .or()
                    .haveSimpleName("OciSpec")
                    .or()
                    .haveSimpleName("InterfaceXml")
                    .or()
                    .haveSimpleName("NicPlan")
                    .or()
                    .haveSimpleName("HostFiles")
                    .should()
                    .dependOnClassesThat(
                            resideInAnyPackage(
                                            "java.net..",
                                            "java.util.random..",
                                            "org.slf4j..",
                                            "io.grpc..",
                                            "io.micrometer..")
                                    .or(named("java.lang.Thread"))
                                    .or(named("java.util.Random"))
                                    .or(named("java.nio.file.Files"))
                                    .or(named("io.hypervisor.core.Clock"))
                                    .or(named("io.hypervisor.core.Tasks")))
                    .because("these are pure functions: pass values in, return values out");

    @ArchTest
    static final ArchRule timeThreadsAndRandomnessComeFromCore =
            classes()
                    .that(resideOutsideOfPackage(CORE).and(resideOutsideOfPackage(CONSOLE)))
                    .should(notCall(FORBIDDEN_CALLS))
                    .because(
                            "a simulation replaces core.Clock, core.Tasks and core.Ids; use these");

    @ArchTest
    static final ArchRule namesSayWhatAClassIs =
            noClasses()
                    .that()
                    .resideOutsideOfPackages(
                            "io.hypervisor.api..", "io.hypervisor.agent.driver.containerd.wire..")
                    .should()
                    .haveNameMatching(".*(Manager|Helper|Utils?|Impl|Base)(\\$.*)?")
                    .because("such a name says nothing: name the thing that it is or does")
                    .allowEmptyShould(true);

    private static ArchRule only(String owner, String instead, String... libraries) {
        return noClasses()
                .that()
                .resideInAPackage("io.hypervisor..")
                .and()
                .resideOutsideOfPackage(owner)
                .and(not("Main"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(libraries)
                .because("only " + owner + " knows it: " + instead)
                .allowEmptyShould(true);
    }

    private static DescribedPredicate<JavaClass> not(String simpleName) {
        return DescribedPredicate.describe(
                "is not " + simpleName, c -> !c.getSimpleName().equals(simpleName));
    }

    private static DescribedPredicate<JavaClass> named(String name) {
        return DescribedPredicate.describe(name, c -> c.getName().equals(name));
    }

    private static ArchCondition<JavaClass> notCall(Set<String> forbidden) {
        return new ArchCondition<>("not read the clock, start threads or draw random numbers") {
            @Override
            public void check(JavaClass item, ConditionEvents events) {
                for (JavaCall<?> call : item.getCodeUnitCallsFromSelf()) {
                    String target =
                            call.getTargetOwner().getName() + "." + call.getTarget().getName();
                    boolean ownThread =
                            call.getTarget().getRawParameterTypes().stream()
                                    .noneMatch(type -> type.isEquivalentTo(Executor.class));
                    if (forbidden.contains(target) && ownThread) {
                        events.add(SimpleConditionEvent.violated(call, call.getDescription()));
                    }
                }
            }
        };
    }
}
