public import DVLADiagnostics

/// The rules of the file format. See `SafetensorsHeader` for what each one means.
extension WeightsError.Code {
  // The length prefix and the file as a whole.
  public static let safetensorsTooShort = Self("safetensors.too-short")
  public static let safetensorsOtherFormat = Self("safetensors.other-format")
  public static let safetensorsHeaderEmpty = Self("safetensors.header-empty")
  public static let safetensorsHeaderPastEnd = Self("safetensors.header-past-end")
  public static let safetensorsHeaderTooLarge = Self("safetensors.header-too-large")
  public static let safetensorsTruncated = Self("safetensors.truncated")
  public static let safetensorsTrailingBytes = Self("safetensors.trailing-bytes")

  // The header as JSON; what is no JSON at all has a `json.*` code.
  public static let safetensorsHeaderType = Self("safetensors.header-type")
  public static let safetensorsTensorCount = Self("safetensors.tensor-count")
  public static let safetensorsMetadataType = Self("safetensors.metadata-type")
  public static let safetensorsMetadataValue = Self("safetensors.metadata-value")
  public static let safetensorsMetadataCount = Self("safetensors.metadata-count")
  public static let safetensorsMetadataTooLong = Self("safetensors.metadata-too-long")
  public static let safetensorsMetadataNUL = Self("safetensors.metadata-nul")

  // Names.
  public static let safetensorsNameEmpty = Self("safetensors.name-empty")
  public static let safetensorsNameTooLong = Self("safetensors.name-too-long")
  public static let safetensorsNameControl = Self("safetensors.name-control")
  public static let safetensorsNameReserved = Self("safetensors.name-reserved")
  public static let safetensorsNameDuplicate = Self("safetensors.name-duplicate")

  // The fields of an entry.
  public static let safetensorsEntryType = Self("safetensors.entry-type")
  public static let safetensorsFieldMissing = Self("safetensors.field-missing")
  public static let safetensorsFieldUnknown = Self("safetensors.field-unknown")
  public static let safetensorsDTypeType = Self("safetensors.dtype-type")
  public static let safetensorsDTypeUnknown = Self("safetensors.dtype-unknown")
  public static let safetensorsShapeType = Self("safetensors.shape-type")
  public static let safetensorsRank = Self("safetensors.rank")
  public static let safetensorsExtent = Self("safetensors.extent")
  public static let safetensorsSizeOverflow = Self("safetensors.size-overflow")
  public static let safetensorsPartialByte = Self("safetensors.partial-byte")
  public static let safetensorsOffsetsType = Self("safetensors.offsets-type")
  public static let safetensorsOffset = Self("safetensors.offset")
  public static let safetensorsOffsetsReversed = Self("safetensors.offsets-reversed")
  public static let safetensorsSizeMismatch = Self("safetensors.size-mismatch")

  // How the entries lie in the data.
  public static let safetensorsPastEnd = Self("safetensors.past-end")
  public static let safetensorsOverlap = Self("safetensors.overlap")
  public static let safetensorsHole = Self("safetensors.hole")
}

/// The rules of a checkpoint folder. See `Checkpoint`.
extension WeightsError.Code {
  /// A folder without safetensors files.
  public static let checkpointEmpty = Self("checkpoint.empty")
  /// A training run with several checkpoints, of which none is the last by name.
  public static let checkpointSteps = Self("checkpoint.steps")
  /// The folder of a training run, of which one checkpoint is taken.
  public static let checkpointFollowed = Self("checkpoint.followed")
  /// An adapter beside the weights, which upstream adds to them.
  public static let checkpointAdapter = Self("checkpoint.adapter")
  /// Several files or indexes that could each be the checkpoint.
  public static let checkpointAmbiguous = Self("checkpoint.ambiguous")
  /// Shards without their index.
  public static let checkpointIndexMissing = Self("checkpoint.index-missing")
  /// An index that says what no index may say.
  public static let checkpointIndex = Self("checkpoint.index")
  /// The name of a shard is not a plain file name.
  public static let checkpointShardName = Self("checkpoint.shard-name")
  /// The numbers in the shard names have gaps or disagree.
  public static let checkpointShardSet = Self("checkpoint.shard-set")
  /// The index names shards that the folder does not have.
  public static let checkpointShardMissing = Self("checkpoint.shard-missing")
  /// The folder has shards that the index does not name.
  public static let checkpointShardUnknown = Self("checkpoint.shard-unknown")
  /// The same tensor in two shards.
  public static let checkpointTensorTwice = Self("checkpoint.tensor-twice")
  /// A tensor in another shard than the index says.
  public static let checkpointTensorMisplaced = Self("checkpoint.tensor-misplaced")
  /// A tensor of the index that no shard has.
  public static let checkpointTensorMissing = Self("checkpoint.tensor-missing")
  /// A tensor of a shard that the index does not have.
  public static let checkpointTensorUnknown = Self("checkpoint.tensor-unknown")
  /// A size in the index that is not the size of the tensors.
  public static let checkpointTotal = Self("checkpoint.total")
  /// Files beside the checkpoint that are not part of it.
  public static let checkpointUnused = Self("checkpoint.unused")
}
