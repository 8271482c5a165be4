public import DVLADiagnostics

/// Whether a file could be written, before the work whose result it will hold is begun.
public enum OutputVacancy {
  /// - Throws: as ``AtomicOutputFile/init(path:overwrite:)`` for what has the name, and for the
  ///   folder.
  public static func require(_ path: String, overwrite: Bool) throws(WeightsError) {
    _ = try AtomicOutputFile.target(path: path, overwrite: overwrite)
  }
}
