package io.hypervisor.controller.state;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;

import io.hypervisor.controller.store.Store;

import java.util.Locale;
import java.util.Optional;

/** One record's change: a new value, or none to delete it. */
public record Edit(Table table, String id, Optional<Message> value) {
    /** Writes a record. */
    public static Edit put(Table table, String id, Message value) {
        return new Edit(table, id, Optional.of(value));
    }

    /** Deletes a record. */
    public static Edit delete(Table table, String id) {
        return new Edit(table, id, Optional.empty());
    }

    /** As the store takes it. */
    public Store.Write toWrite() {
        return new Store.Write(key(), value.map(Message::toByteString));
    }

    /** The key in the store. */
    public String key() {
        return table.prefix() + "/" + id;
    }

    /** Reads a store's write back. Throws IllegalArgumentException for a key that is not ours. */
    public static Edit fromWrite(Store.Write write) {
        int slash = write.key().indexOf('/');
        Table table = Table.valueOf(write.key().substring(0, slash).toUpperCase(Locale.ROOT));
        String id = write.key().substring(slash + 1);
        return new Edit(
                table,
                id,
                write.value()
                        .map(
                                bytes -> {
                                    try {
                                        return table.parser().parseFrom(bytes);
                                    } catch (InvalidProtocolBufferException e) {
                                        throw new IllegalArgumentException(write.key(), e);
                                    }
                                }));
    }
}
