import CFileAccess

/// What happens to unfinished output when the process is told to stop.
public enum Interruption {
  /// From now on SIGINT, SIGTERM and SIGHUP remove every temporary file and folder and end the
  /// process with status 130; those that are ignored already (by `nohup`) stay ignored. SIGPIPE
  /// and SIGXFSZ are ignored, so that writing reports an error instead of ending the process.
  public static func install() {
    // Fails only for signal numbers that do not exist.
    _ = file_access_install_handlers(130)
  }
}
