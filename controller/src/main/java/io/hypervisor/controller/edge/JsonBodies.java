package io.hypervisor.controller.edge;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.linecorp.armeria.common.JacksonObjectMapperProvider;

/**
 * How Armeria reads JSON bodies before it hands them to protobuf's own parser; it finds this class
 * by name. Names of any length, so that services can answer which field they are in; and no memory
 * of the names that were read, because by default thousands are kept, each as long as clients like.
 */
public final class JsonBodies implements JacksonObjectMapperProvider {
    // As deep as protobuf's own parser goes.
    private static final int MAX_DEPTH = 100;

    /** For the service loader. */
    public JsonBodies() {}

    @Override
    public ObjectMapper newObjectMapper() {
        return new ObjectMapper(
                JsonFactory.builder()
                        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                        .streamReadConstraints(
                                StreamReadConstraints.builder()
                                        .maxNameLength(HttpDoor.MAX_REQUEST_BYTES)
                                        .maxNestingDepth(MAX_DEPTH)
                                        .build())
                        .build());
    }
}
