public import DVLADiagnostics

/// The rules of the file format. See `SafetensorsHeader` for what each one means.
extension WeightsError.Code {
  // The length prefix and the file as a whole.
  /// The file is shorter than the eight bytes of the header length.
  public static let safetensorsTooShort = Self("safetensors.too-short")
  /// The file has another format, such as zip, HDF5, GGUF, HTML or a Git LFS pointer.
  public static let safetensorsOtherFormat = Self("safetensors.other-format")
  /// The length of the header is zero.
  public static let safetensorsHeaderEmpty = Self("safetensors.header-empty")
  /// The header is longer than the file.
  public static let safetensorsHeaderPastEnd = Self("safetensors.header-past-end")
  /// The header is longer than the limit.
  public static let safetensorsHeaderTooLarge = Self("safetensors.header-too-large")
  /// The data end before the last tensor does.
  public static let safetensorsTruncated = Self("safetensors.truncated")
  /// Bytes follow the data of the last tensor.
  public static let safetensorsTrailingBytes = Self("safetensors.trailing-bytes")

  // The header as JSON; what is no JSON at all has a `json.*` code.
  /// The header is not a JSON object.
  public static let safetensorsHeaderType = Self("safetensors.header-type")
  /// The file has more tensors than the limit.
  public static let safetensorsTensorCount = Self("safetensors.tensor-count")
  /// `__metadata__` is not an object.
  public static let safetensorsMetadataType = Self("safetensors.metadata-type")
  /// A value of `__metadata__` is not a string.
  public static let safetensorsMetadataValue = Self("safetensors.metadata-value")
  /// `__metadata__` has more keys than the limit.
  public static let safetensorsMetadataCount = Self("safetensors.metadata-count")
  /// A key or a value of `__metadata__` is longer than the limit.
  public static let safetensorsMetadataTooLong = Self("safetensors.metadata-too-long")
  /// A string of `__metadata__` contains a NUL.
  public static let safetensorsMetadataNUL = Self("safetensors.metadata-nul")

  // Names.
  /// The name of a tensor is empty.
  public static let safetensorsNameEmpty = Self("safetensors.name-empty")
  /// The name of a tensor is longer than the limit.
  public static let safetensorsNameTooLong = Self("safetensors.name-too-long")
  /// The name of a tensor contains a control or invisible character.
  public static let safetensorsNameControl = Self("safetensors.name-control")
  /// A tensor is named `__metadata__`.
  public static let safetensorsNameReserved = Self("safetensors.name-reserved")
  /// Two tensors have the same name.
  public static let safetensorsNameDuplicate = Self("safetensors.name-duplicate")

  // The fields of an entry.
  /// The entry of a tensor is not an object.
  public static let safetensorsEntryType = Self("safetensors.entry-type")
  /// An entry lacks `dtype`, `shape` or `data_offsets`.
  public static let safetensorsFieldMissing = Self("safetensors.field-missing")
  /// An entry has a field that the format does not define.
  public static let safetensorsFieldUnknown = Self("safetensors.field-unknown")
  /// `dtype` is not a string.
  public static let safetensorsDTypeType = Self("safetensors.dtype-type")
  /// `dtype` is not a type of the format.
  public static let safetensorsDTypeUnknown = Self("safetensors.dtype-unknown")
  /// `shape` is not an array.
  public static let safetensorsShapeType = Self("safetensors.shape-type")
  /// A tensor has more dimensions than the limit.
  public static let safetensorsRank = Self("safetensors.rank")
  /// An extent of a shape is not a whole number from 0 to 2^63 - 1.
  public static let safetensorsExtent = Self("safetensors.extent")
  /// The size of a tensor does not fit in 63 bits.
  public static let safetensorsSizeOverflow = Self("safetensors.size-overflow")
  /// The bits of a tensor do not fill whole bytes.
  public static let safetensorsPartialByte = Self("safetensors.partial-byte")
  /// `data_offsets` is not an array of two.
  public static let safetensorsOffsetsType = Self("safetensors.offsets-type")
  /// An offset is not a whole number from 0 to 2^63 - 1.
  public static let safetensorsOffset = Self("safetensors.offset")
  /// The end of a tensor is before its begin.
  public static let safetensorsOffsetsReversed = Self("safetensors.offsets-reversed")
  /// The bytes of a tensor are not as many as its type and shape need.
  public static let safetensorsSizeMismatch = Self("safetensors.size-mismatch")

  // How the entries lie in the data.
  /// The data of a tensor lie beyond the end of the file.
  public static let safetensorsPastEnd = Self("safetensors.past-end")
  /// The data of two tensors overlap.
  public static let safetensorsOverlap = Self("safetensors.overlap")
  /// Bytes between two tensors belong to neither.
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
