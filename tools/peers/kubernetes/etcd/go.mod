module peers/etcd

go 1.25

require (
	go.etcd.io/etcd/etcdctl/v3 v3.6.8
	go.etcd.io/etcd/server/v3 v3.6.8
)
