package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.AddSecurityRuleResponse;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.CreateSecurityGroupResponse;
import io.hypervisor.api.v1.DeleteSecurityGroupRequest;
import io.hypervisor.api.v1.DeleteSecurityGroupResponse;
import io.hypervisor.api.v1.GetSecurityGroupRequest;
import io.hypervisor.api.v1.GetSecurityGroupResponse;
import io.hypervisor.api.v1.ListSecurityGroupsRequest;
import io.hypervisor.api.v1.ListSecurityGroupsResponse;
import io.hypervisor.api.v1.RemoveSecurityRuleRequest;
import io.hypervisor.api.v1.RemoveSecurityRuleResponse;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.UpdateSecurityGroupRequest;
import io.hypervisor.api.v1.UpdateSecurityGroupResponse;
import io.hypervisor.controller.action.network.AddSecurityRule;
import io.hypervisor.controller.action.network.CreateSecurityGroup;
import io.hypervisor.controller.action.network.DeleteSecurityGroup;
import io.hypervisor.controller.action.network.RemoveSecurityRule;
import io.hypervisor.controller.action.network.UpdateSecurityGroup;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

/** NetworkService's security groups and their rules. */
record SecurityGroups(Networking networking) {
    CreateSecurityGroupResponse create(CreateSecurityGroupRequest request) {
        SecurityGroupRequests.check(request);
        return CreateSecurityGroupResponse.newBuilder()
                .setSecurityGroup(
                        networking.commit(
                                new CreateSecurityGroup(
                                        request,
                                        Networking.mark(request.getRequestId(), request),
                                        networking.fresh(CreateSecurityGroup.RECORDS))))
                .build();
    }

    GetSecurityGroupResponse get(GetSecurityGroupRequest request) {
        SecurityGroupRequests.check(request);
        String id = request.getSecurityGroupId();
        return GetSecurityGroupResponse.newBuilder()
                .setSecurityGroup(
                        NetworkViews.securityGroup(networking.now(), id)
                                .orElseThrow(
                                        () ->
                                                Fault.notFound(
                                                        Lookup.type(Table.SECURITY_GROUP), id)))
                .build();
    }

    ListSecurityGroupsResponse list(ListSecurityGroupsRequest request) {
        SecurityGroupRequests.check(request);
        Snapshot now = networking.now();
        ListSecurityGroupsRequest filters =
                request.toBuilder().clearPageSize().clearPageToken().build();
        Listing<SecurityGroup> listing =
                Listing.of(
                        now.network().securityGroups(),
                        id -> NetworkViews.securityGroup(now, id).orElseThrow(),
                        SecurityGroup::getId);
        if (!request.getTenantId().isEmpty()) {
            listing = listing.where(group -> group.getTenantId().equals(request.getTenantId()));
        }
        Pages.Page<SecurityGroup> page =
                listing.page(
                        Pages.of(now).open(filters, request.getPageSize(), request.getPageToken()));
        return ListSecurityGroupsResponse.newBuilder()
                .addAllSecurityGroups(page.items())
                .setNextPageToken(page.nextToken())
                .setTotalCount(listing.count())
                .build();
    }

    UpdateSecurityGroupResponse update(UpdateSecurityGroupRequest request) {
        SecurityGroupRequests.check(request);
        return UpdateSecurityGroupResponse.newBuilder()
                .setSecurityGroup(
                        networking.commit(
                                new UpdateSecurityGroup(request, networking.clock().timestamp())))
                .build();
    }

    DeleteSecurityGroupResponse delete(DeleteSecurityGroupRequest request) {
        SecurityGroupRequests.check(request);
        networking.commit(new DeleteSecurityGroup(request));
        return DeleteSecurityGroupResponse.getDefaultInstance();
    }

    AddSecurityRuleResponse addRule(AddSecurityRuleRequest request) {
        SecurityGroupRequests.check(request);
        return AddSecurityRuleResponse.newBuilder()
                .setRule(
                        networking.commit(
                                new AddSecurityRule(
                                        request,
                                        Networking.mark(request.getRequestId(), request),
                                        networking.fresh(1))))
                .build();
    }

    RemoveSecurityRuleResponse removeRule(RemoveSecurityRuleRequest request) {
        SecurityGroupRequests.check(request);
        networking.commit(new RemoveSecurityRule(request, networking.clock().timestamp()));
        return RemoveSecurityRuleResponse.getDefaultInstance();
    }
}
