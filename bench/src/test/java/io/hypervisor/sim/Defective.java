package io.hypervisor.sim;

import com.google.protobuf.Empty;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.reconcile.Inventory;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.commit.Replica;
import io.hypervisor.controller.fence.Fencer;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import net.bytebuddy.asm.Advice;

import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What defective code does instead. Byte Buddy copies the advices into the code they spoil. */
// What is assigned to a parameter is what the advised method takes or returns.
@SuppressWarnings("UnusedVariable")
public final class Defective {
    private Defective() {}

    /** Does nothing. */
    public static final class Skipped {
        private Skipped() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static boolean enter() {
            return true;
        }
    }

    /** Says yes. */
    public static final class Yes {
        private Yes() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) boolean answer) {
            answer = true;
        }
    }

    /** Says no. */
    public static final class No {
        private No() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) boolean answer) {
            answer = false;
        }
    }

    /** A fencer that is certain of anything. */
    public static final class Certain {
        private Certain() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) Fencer.Verdict verdict) {
            verdict = new Fencer.Verdict.NotRunning("it was not heard of");
        }
    }

    /** Finds nothing. */
    public static final class Nothing {
        private Nothing() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) Optional<?> found) {
            found = Optional.empty();
        }
    }

    /** Forgets which request made an instance. */
    public static final class WithoutRequest {
        private WithoutRequest() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) InstanceRecord record) {
            record = record.toBuilder().clearRequestId().build();
        }
    }

    /** Takes nothing of the node. */
    public static final class WithoutReservation {
        private WithoutReservation() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) PlacementRecord record) {
            record = record.toBuilder().clearReservation().build();
        }
    }

    /** Leaves the placement of what is deleted. */
    public static final class KeepsPlacement {
        private KeepsPlacement() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) List<Edit> edits) {
            edits = withoutPlacement(edits);
        }
    }

    public static List<Edit> withoutPlacement(List<Edit> edits) {
        return edits.stream().filter(edit -> edit.table() != Table.PLACEMENT).toList();
    }

    /** Changes what an instance needs, and not what it reserves. */
    public static final class KeepsReservation {
        private KeepsReservation() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) Action.Decision<Instance> decision) {
            decision = new Action.Decision<>(withoutPlacement(decision.edits()), decision.answer());
        }
    }

    /** Leaves a record as it is. */
    public static final class StaysAsItIs {
        private StaysAsItIs() {}

        @Advice.OnMethodExit
        static void exit(
                @Advice.Argument(0) InstanceRecord old,
                @Advice.Return(readOnly = false) InstanceRecord next) {
            next = old;
        }
    }

    /** Does not count a write. */
    public static final class WithoutGeneration {
        private WithoutGeneration() {}

        @Advice.OnMethodExit
        static void exit(
                @Advice.Argument(0) InstanceRecord old,
                @Advice.Return(readOnly = false) InstanceRecord next) {
            next = next.toBuilder().setSpecGeneration(old.getSpecGeneration()).build();
        }
    }

    /** Deletes without waiting for the node. */
    public static final class DeletesAtOnce {
        private DeletesAtOnce() {}

        @Advice.OnMethodExit
        static void exit(
                @Advice.FieldValue("request") DeleteInstanceRequest request,
                @Advice.Return(readOnly = false) Action.Decision<Empty> decision) {
            decision = forget(request.getInstanceId());
        }
    }

    public static Action.Decision<Empty> forget(String id) {
        List<Edit> edits =
                List.of(
                        Edit.delete(Table.INSTANCE, id),
                        Edit.delete(Table.PLACEMENT, id),
                        Edit.delete(Table.OBSERVED, id));
        return new Action.Decision<>(edits, after -> Empty.getDefaultInstance());
    }

    /** Places anew under the old epoch. */
    public static final class SameEpoch {
        private SameEpoch() {}

        @Advice.OnMethodEnter
        static void enter(
                @Advice.Argument(2) PlacementRecord old,
                @Advice.Argument(value = 3, readOnly = false) PlacementRecord next) {
            next = next.toBuilder().setEpoch(Math.max(1, old.getEpoch())).build();
        }
    }

    /** Tells the clients before it asks the store. */
    public static final class AnswersFirst {
        private AnswersFirst() {}

        @Advice.OnMethodEnter
        static void enter(@Advice.This Replica replica, @Advice.Argument(0) Object batch) {
            answerFirst(replica, batch);
        }
    }

    public static void answerFirst(Replica replica, Object batch) {
        try {
            Snapshot before = replica.snapshot();
            Object after =
                    method(batch, "committed", Snapshot.class, long.class)
                            .invoke(batch, before, before.revision() + 1);
            method(batch, "succeed", Snapshot.class).invoke(batch, after);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Method method(Object on, String name, Class<?>... parameters)
            throws NoSuchMethodException {
        Method method = on.getClass().getDeclaredMethod(name, parameters);
        method.setAccessible(true);
        return method;
    }

    /** Decides each request of a batch as if there were no others. */
    public static final class BlindBatch {
        private BlindBatch() {}

        @Advice.OnMethodEnter
        static Snapshot enter(@Advice.FieldValue("speculative") Snapshot speculative) {
            return speculative;
        }

        @Advice.OnMethodExit
        static void exit(
                @Advice.Enter Snapshot before,
                @Advice.FieldValue(value = "speculative", readOnly = false) Snapshot speculative) {
            speculative = before;
        }
    }

    /** Reads whatever is there, without waiting for the revision. */
    public static final class ReadsAtOnce {
        private ReadsAtOnce() {}

        @Advice.OnMethodEnter
        static void enter(@Advice.Argument(value = 1, readOnly = false) long minRevision) {
            minRevision = 0;
        }
    }

    /** Resumes one change too early. */
    public static final class Repeats {
        private Repeats() {}

        @Advice.OnMethodExit
        static void exit(
                @Advice.FieldValue("first") long first,
                @Advice.Return(readOnly = false) Optional<Long> number) {
            number = shifted(number, first, Long.MAX_VALUE, -1);
        }
    }

    /** Resumes one change too late. */
    public static final class LeavesOut {
        private LeavesOut() {}

        @Advice.OnMethodExit
        static void exit(
                @Advice.FieldValue("end") long end,
                @Advice.Return(readOnly = false) Optional<Long> number) {
            number = shifted(number, 0, end, 1);
        }
    }

    public static Optional<Long> shifted(Optional<Long> number, long least, long most, long by) {
        return number.map(n -> Math.clamp(n + by, least, most));
    }

    /** Overlooks every third change of what nodes should be. */
    public static final class Overlooks {
        private Overlooks() {}

        @Advice.OnMethodExit
        static void exit(
                @Advice.Argument(1) Snapshot after,
                @Advice.Return(readOnly = false) Map<String, Set<String>> affected) {
            affected = after.revision() % 3 == 0 ? Map.of() : affected;
        }
    }

    /** Wants whatever epoch is there. */
    public static final class AnyEpoch {
        private AnyEpoch() {}

        @Advice.OnMethodEnter
        static void enter(
                @Advice.Argument(value = 0, readOnly = false) Assignment want,
                @Advice.Argument(2) Inventory inventory) {
            want = asFound(want, inventory);
        }
    }

    public static Assignment asFound(Assignment want, Inventory inventory) {
        try {
            Optional<?> found =
                    (Optional<?>)
                            method(inventory, "find", String.class)
                                    .invoke(inventory, want.getInstanceId());
            long epoch = found.map(f -> ((Found) f).epoch()).orElse(want.getEpoch());
            return want.toBuilder().setEpoch(epoch).build();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Believes that there is nothing. */
    public static final class TakenAsEmpty {
        private TakenAsEmpty() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static boolean enter(
                @Advice.This Inventory inventory, @Advice.FieldValue("listsBegun") long number) {
            believeEmpty(inventory, number);
            return true;
        }
    }

    public static void believeEmpty(Inventory inventory, long number) {
        try {
            method(inventory, "apply", long.class, List.class).invoke(inventory, number, List.of());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Keeps the old state after a commit whose outcome is not known. */
    public static final class NoResync {
        private NoResync() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static boolean enter(@Advice.Argument(0) String cause) {
            return cause.equals("a commit's outcome is not known");
        }
    }
}
