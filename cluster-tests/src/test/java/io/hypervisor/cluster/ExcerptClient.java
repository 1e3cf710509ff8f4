package io.hypervisor.cluster;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;

import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;

/**
 * A client that was generated from the excerpts in the API's first published document, and from
 * nothing newer: ListNodes with its page fields, and the cluster's name and number of nodes.
 */
final class ExcerptClient implements AutoCloseable {
    private static final FileDescriptor FILE = file();

    private final ManagedChannel channel;

    ExcerptClient(String address) {
        channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    }

    /** Lists one page of nodes. */
    DynamicMessage listNodes(int pageSize, String pageToken) {
        Descriptors.Descriptor type = FILE.findMessageTypeByName("ListNodesRequest");
        DynamicMessage request =
                DynamicMessage.newBuilder(type)
                        .setField(type.findFieldByName("page_size"), pageSize)
                        .setField(type.findFieldByName("page_token"), pageToken)
                        .build();
        return call("ListNodes", request, "ListNodesResponse");
    }

    /** Reads the cluster's summary. */
    DynamicMessage clusterInfo() {
        Descriptors.Descriptor empty = FILE.findMessageTypeByName("Nothing");
        return call("GetClusterInfo", DynamicMessage.getDefaultInstance(empty), "ClusterInfo");
    }

    /** A field's value by its name in the excerpt. */
    static Object field(DynamicMessage message, String name) {
        return message.getField(message.getDescriptorForType().findFieldByName(name));
    }

    private DynamicMessage call(String method, DynamicMessage request, String answer) {
        Descriptors.Descriptor type = FILE.findMessageTypeByName(answer);
        MethodDescriptor<DynamicMessage, DynamicMessage> descriptor =
                MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
                        .setType(MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName("hypervisor.v1.ClusterService/" + method)
                        .setRequestMarshaller(
                                ProtoUtils.marshaller(
                                        DynamicMessage.getDefaultInstance(
                                                request.getDescriptorForType())))
                        .setResponseMarshaller(
                                ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(type)))
                        .build();
        return ClientCalls.blockingUnaryCall(channel, descriptor, CallOptions.DEFAULT, request);
    }

    private static FileDescriptor file() {
        FileDescriptorProto proto =
                FileDescriptorProto.newBuilder()
                        .setName("excerpt.proto")
                        .setPackage("hypervisor.v1")
                        .setSyntax("proto3")
                        .addMessageType(message("Nothing"))
                        .addMessageType(
                                message(
                                        "Node",
                                        scalar("id", 1, FieldDescriptorProto.Type.TYPE_STRING)))
                        .addMessageType(
                                message(
                                        "ListNodesRequest",
                                        scalar(
                                                "page_size",
                                                1,
                                                FieldDescriptorProto.Type.TYPE_INT32),
                                        scalar(
                                                "page_token",
                                                2,
                                                FieldDescriptorProto.Type.TYPE_STRING)))
                        .addMessageType(
                                message(
                                        "ListNodesResponse",
                                        FieldDescriptorProto.newBuilder()
                                                .setName("nodes")
                                                .setNumber(1)
                                                .setLabel(Label.LABEL_REPEATED)
                                                .setType(FieldDescriptorProto.Type.TYPE_MESSAGE)
                                                .setTypeName(".hypervisor.v1.Node")
                                                .build(),
                                        scalar(
                                                "next_page_token",
                                                2,
                                                FieldDescriptorProto.Type.TYPE_STRING),
                                        scalar(
                                                "total_count",
                                                3,
                                                FieldDescriptorProto.Type.TYPE_INT32)))
                        .addMessageType(
                                message(
                                        "ClusterInfo",
                                        scalar(
                                                "cluster_name",
                                                2,
                                                FieldDescriptorProto.Type.TYPE_STRING),
                                        scalar(
                                                "total_nodes",
                                                4,
                                                FieldDescriptorProto.Type.TYPE_INT32)))
                        .build();
        try {
            return FileDescriptor.buildFrom(proto, new FileDescriptor[0]);
        } catch (Descriptors.DescriptorValidationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static DescriptorProto message(String name, FieldDescriptorProto... fields) {
        DescriptorProto.Builder message = DescriptorProto.newBuilder().setName(name);
        for (FieldDescriptorProto field : fields) {
            message.addField(field);
        }
        return message.build();
    }

    private static FieldDescriptorProto scalar(
            String name, int number, FieldDescriptorProto.Type type) {
        return FieldDescriptorProto.newBuilder()
                .setName(name)
                .setNumber(number)
                .setLabel(Label.LABEL_OPTIONAL)
                .setType(type)
                .build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
