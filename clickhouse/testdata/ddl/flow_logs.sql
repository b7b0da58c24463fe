CREATE TABLE otel.flow_logs
(
    `Time` DateTime COMMENT 'Start of the minute' CODEC(Delta(4), ZSTD(1)),
    `Connection` String COMMENT 'Which connection' CODEC(ZSTD(1)),
    `Started` DateTime64(9) COMMENT 'When the connection was opened' CODEC(Delta(8), ZSTD(1)),
    `Start` DateTime64(9) COMMENT 'From when on it was seen in this minute' CODEC(Delta(8), ZSTD(1)),
    `End` DateTime64(9) COMMENT 'Until when it was seen in this minute' CODEC(Delta(8), ZSTD(1)),
    `Cluster` LowCardinality(String) COMMENT 'Cluster of the reporter' CODEC(ZSTD(1)),
    `Protocol` LowCardinality(String) COMMENT 'tcp, udp, …; empty when not reported' CODEC(ZSTD(1)),
    `SourceAddress` String COMMENT 'Side that opened the connection' CODEC(ZSTD(1)),
    `SourcePort` UInt16 COMMENT 'Its port' CODEC(ZSTD(1)),
    `DestinationAddress` String COMMENT 'Side that was asked' CODEC(ZSTD(1)),
    `DestinationPort` UInt16 COMMENT 'Its port' CODEC(ZSTD(1)),
    `SourceBytes` UInt64 COMMENT 'Bytes that the source sent' CODEC(T64, ZSTD(1)),
    `SourcePackets` UInt64 COMMENT 'Packets that the source sent' CODEC(T64, ZSTD(1)),
    `DestinationBytes` UInt64 COMMENT 'Bytes that the destination sent' CODEC(T64, ZSTD(1)),
    `DestinationPackets` UInt64 COMMENT 'Packets that the destination sent' CODEC(T64, ZSTD(1)),
    `CloseReason` LowCardinality(String) COMMENT 'In the minute of its end: why it was closed; empty while it is open' CODEC(ZSTD(1)),
    `SourceNamespace` LowCardinality(String) COMMENT 'Namespace of the side that opened the connection' CODEC(ZSTD(1)),
    `SourceWorkload` LowCardinality(String) COMMENT 'Workload of the side that opened it' CODEC(ZSTD(1)),
    `SourceZone` LowCardinality(String) COMMENT 'Zone of the side that opened it' CODEC(ZSTD(1)),
    `DestinationNamespace` LowCardinality(String) COMMENT 'Namespace of the side that was asked' CODEC(ZSTD(1)),
    `DestinationWorkload` LowCardinality(String) COMMENT 'Workload of the side that was asked' CODEC(ZSTD(1)),
    `DestinationZone` LowCardinality(String) COMMENT 'Zone of the side that was asked' CODEC(ZSTD(1)),
    `SourcePod` LowCardinality(String) COMMENT 'Pod of the side that opened it' CODEC(ZSTD(1)),
    `SourceNode` LowCardinality(String) COMMENT 'Node of the side that opened it' CODEC(ZSTD(1)),
    `DestinationPod` LowCardinality(String) COMMENT 'Pod of the side that was asked' CODEC(ZSTD(1)),
    `DestinationNode` LowCardinality(String) COMMENT 'Node of the side that was asked' CODEC(ZSTD(1)),
    `Tenant` LowCardinality(String) COMMENT 'Empty without tenants' CODEC(ZSTD(1)),
    `Reports` UInt64 COMMENT 'Reports of this minute, of either side; resent ones count once' CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(Time, 'UTC')
ORDER BY (Time, SourceWorkload, DestinationWorkload, Connection)
TTL Time + toIntervalDay(7)
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, min_level_for_wide_part = 1, merge_selector_base = 10, non_replicated_deduplication_window = 10000
COMMENT 'Network connections by minute, made of log records with the attributes of a flow'
