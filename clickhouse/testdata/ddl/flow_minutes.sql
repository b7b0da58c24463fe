CREATE TABLE otel.flow_minutes
(
    `Time` DateTime COMMENT 'Start of the interval' CODEC(Delta(4), ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'Cluster of the reporter' CODEC(ZSTD(1)),
    `Protocol` LowCardinality(String) COMMENT 'tcp, udp, …; empty when not reported' CODEC(ZSTD(1)),
    `SourceNamespace` LowCardinality(String) COMMENT 'Namespace of the side that opened the connection' CODEC(ZSTD(1)),
    `SourceWorkload` LowCardinality(String) COMMENT 'Workload of the side that opened it' CODEC(ZSTD(1)),
    `SourceZone` LowCardinality(String) COMMENT 'Zone of the side that opened it' CODEC(ZSTD(1)),
    `DestinationNamespace` LowCardinality(String) COMMENT 'Namespace of the side that was asked' CODEC(ZSTD(1)),
    `DestinationWorkload` LowCardinality(String) COMMENT 'Workload of the side that was asked' CODEC(ZSTD(1)),
    `DestinationZone` LowCardinality(String) COMMENT 'Zone of the side that was asked' CODEC(ZSTD(1)),
    `SourceAddress` String COMMENT 'Where no workload is known' CODEC(ZSTD(1)),
    `DestinationAddress` String COMMENT 'Where no workload is known' CODEC(ZSTD(1)),
    `DestinationPort` UInt16 COMMENT '0 when not reported' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `SourceBytes` UInt64 COMMENT 'Bytes that the source sent' CODEC(T64, ZSTD(1)),
    `SourcePackets` UInt64 COMMENT 'Packets that the source sent' CODEC(T64, ZSTD(1)),
    `DestinationBytes` UInt64 COMMENT 'Bytes that the destination sent' CODEC(T64, ZSTD(1)),
    `DestinationPackets` UInt64 COMMENT 'Packets that the destination sent' CODEC(T64, ZSTD(1)),
    `Opened` UInt64 COMMENT 'Connections that began' CODEC(T64, ZSTD(1)),
    `Closed` UInt64 COMMENT 'Connections that ended' CODEC(T64, ZSTD(1)),
    `ConcurrentMax` UInt64 COMMENT 'Most connections open at one instant' CODEC(T64, ZSTD(1)),
    `Reports` UInt64 COMMENT 'How many it was made of' CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (SourceWorkload, DestinationWorkload, SourceAddress, DestinationAddress, Time)
TTL Time + toIntervalDay(90)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Network traffic between two sides by minute'
