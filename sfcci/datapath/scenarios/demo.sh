#!/bin/sh
# The demonstration of service function chaining, with the unmodified OpenStack client: HTTP and UDP from source_vm to
# dest_vm pass vm1 or vm2, then vm3. Where an OpenStack cloud would boot a virtual machine, a port gets a host and a
# device here, and becomes an interface of that device in the lab.
#
# Needs a server (sfcci sfc serve) and its client (pip install python-openstackclient python-neutronclient).
# OS_ENDPOINT is the server's address, SFC_LAB its lab's name.
set -eu

endpoint=${OS_ENDPOINT:-http://127.0.0.1:9696}
lab=${SFC_LAB:-sfc}

os() { openstack --os-auth-type none --os-endpoint "$endpoint" "$@"; }
address() { os port show "$1" -f value -c fixed_ips | sed "s/.*'ip_address': '\([0-9.]*\)'.*/\1/"; }
on() { sfcci lab exec --name "$lab" "$@"; }
say() { printf '\n== %s\n' "$*"; }
cannot() { printf '%s\n' "$*" >&2; exit 3; }

command -v openstack >/dev/null || cannot "openstack is missing: pip install python-openstackclient python-neutronclient"
there=$(curl -sS "$endpoint/v2.0/networks?name=private&fields=id") || cannot "no server: start one with sfcci sfc serve"
case $there in *'"id"'*) cannot "a network named private is there already; the demonstration wants a server without it" ;; esac

say "A network without port security, for functions send what is not theirs"
os network create private
os network set --disable-port-security private
os subnet create --network private --subnet-range 10.0.0.0/24 private-subnet

say "Two ports for each function, one for each end"
for port in p1in p1out p2in p2out p3in p3out source_vm_port dest_vm_port; do
    os port create --network private "$port" -f value -c id
done

say "The machines"
os port set --host node1 --device-owner compute:nova --device vm1 p1in
os port set --host node1 --device-owner compute:nova --device vm1 p1out
os port set --host node1 --device-owner compute:nova --device vm2 p2in
os port set --host node1 --device-owner compute:nova --device vm2 p2out
os port set --host node1 --device-owner compute:nova --device vm3 p3in
os port set --host node1 --device-owner compute:nova --device vm3 p3out
os port set --host node1 --device-owner compute:nova --device source_vm source_vm_port
os port set --host node1 --device-owner compute:nova --device dest_vm dest_vm_port
source=$(address source_vm_port)
dest=$(address dest_vm_port)

say "The traffic that is meant: HTTP and UDP from $source to $dest"
os sfc flow classifier create --ethertype IPv4 --source-ip-prefix "$source/32" --destination-ip-prefix "$dest/32" \
    --protocol tcp --destination-port 80:80 --logical-source-port source_vm_port FC_http
os sfc flow classifier create --ethertype IPv4 --source-ip-prefix "$source/32" --destination-ip-prefix "$dest/32" \
    --protocol udp --logical-source-port source_vm_port FC_udp

say "The functions, interchangeable ones in one group, and the chain of the groups"
os sfc port pair create --ingress p1in --egress p1out PP1
os sfc port pair create --ingress p2in --egress p2out PP2
os sfc port pair create --ingress p3in --egress p3out PP3
os sfc port pair group create --port-pair PP1 --port-pair PP2 PG1
os sfc port pair group create --port-pair PP3 PG2
os sfc port chain create --port-pair-group PG1 --port-pair-group PG2 --flow-classifier FC_udp --flow-classifier FC_http PC1

say "The chain's status: ACTIVE as soon as the switch has it"
tries=60
while :; do
    status=$(curl -sS "$endpoint/v2.0/sfc/port_chains?name=PC1&fields=status&fields=status_reason")
    printf '%s\n' "$status"
    case $status in *'"ACTIVE"'*) break ;; esac
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || exit 1
    sleep 1
done

say "A web server on dest_vm, and a request to it from source_vm"
on dest_vm sh -c 'python3 -m http.server 80 --directory /usr/share >/dev/null 2>&1 &'
on source_vm curl -sS --retry 30 --retry-delay 1 --retry-connrefused -o /dev/null -w 'HTTP %{http_code}\n' "http://$dest/"

say "Its way: $(address p1in) (vm1) or $(address p2in) (vm2), then $(address p3in) (vm3), then dest_vm"
on source_vm traceroute -n -T -p 80 "$dest"

say "And the way of UDP"
on source_vm traceroute -n "$dest"
