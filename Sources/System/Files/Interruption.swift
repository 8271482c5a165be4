import DVLACFiles
import DVLADiagnostics
import Glibc

/// What happens to unfinished output when a signal stops the process.
public enum Interruption {
  /// From now on SIGINT, SIGTERM and SIGHUP remove every temporary file and folder, except those of
  /// a ``ResumableOutput`` that outlives them, and end the process with status 130; those that are
  /// ignored already (by `nohup`) stay ignored. SIGPIPE and SIGXFSZ are ignored, so that writing
  /// reports an error instead of ending the process.
  ///
  /// - Parameter keptMessage: written to stderr if output is left that another run can continue.
  public static func install(keptMessage: StaticString? = nil) {
    // Fails only for signal numbers that do not exist. The text of a static string never goes.
    let message = unsafe keptMessage.map { unsafe UnsafeRawPointer($0.utf8Start) }
    _ = unsafe file_access_install_handlers(130, message?.assumingMemoryBound(to: CChar.self))
  }

  /// Runs `body`, which must end within milliseconds, while no signal can end the process.
  static func held<Result>(
    _ body: () throws(WeightsError) -> Result
  ) throws(WeightsError) -> Result {
    var before = sigset_t()
    unsafe file_access_hold_signals(&before)
    defer { unsafe file_access_release_signals(&before) }
    return try body()
  }
}
