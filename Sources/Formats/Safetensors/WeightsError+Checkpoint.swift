public import DVLADiagnostics

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
