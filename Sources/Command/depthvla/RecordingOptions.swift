#if Server
  import ArgumentParser
  import DVLADiagnostics
  import DVLAObservations

  /// Where a server keeps observations and answers.
  struct RecordingOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Keep observations and answers in this folder, for run --replay.", valueName: "folder"))
    var record: String?

    @Option(
      help: ArgumentHelp(
        "Most mebibytes of the folder; the oldest observations are removed (default: 1024).",
        valueName: "MiB"))
    var recordLimit: Int?

    func validate() throws {
      guard let recordLimit else { return }
      if record == nil { throw ValidationError("--record-limit goes with --record") }
      if !(1...(1 << 20)).contains(recordLimit) {
        throw ValidationError("--record-limit \(recordLimit): expected 1 to 1048576")
      }
    }

    /// - Parameter failed: called with the first error of writing.
    /// - Throws: what opening the folder throws.
    func recorder(
      failed: @escaping @Sendable (WeightsError) -> Void
    ) throws(WeightsError) -> ObservationRecorder? {
      guard let record else { return nil }
      var limits = ObservationRecorder.Limits()
      limits.byteCount = (recordLimit ?? 1024) << 20
      return try ObservationRecorder(folder: record, limits: limits, failed: failed)
    }
  }
#endif
