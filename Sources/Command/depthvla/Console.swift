import DVLADiagnostics
import Glibc

/// Standard output and standard error.
enum Console {
  enum Stream: Int32 {
    case output = 1
    case error = 2
  }

  /// Writes all of the text.
  ///
  /// - Returns: the number of the error that stopped it, if one did. A closed pipe is not an
  ///   error.
  @discardableResult
  static func write(_ text: String, to stream: Stream) -> Int32? {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      // The pointer is used inside the call, for the bytes that are left.
      let count = unsafe bytes[start...].withUnsafeBytes { part in
        unsafe Glibc.write(stream.rawValue, part.baseAddress, part.count)
      }
      if count < 0 {
        switch errno {
        case EINTR: break
        case EAGAIN:
          var room = pollfd(fd: stream.rawValue, events: Int16(POLLOUT), revents: 0)
          _ = unsafe poll(&room, 1, -1)
        case EPIPE: return nil
        default: return errno
        }
      } else {
        start += count
      }
    }
    return nil
  }

  /// Waits for some milliseconds.
  static func pause() { usleep(5000) }

  static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

  /// Columns of the terminal behind stderr; 80 where it does not say.
  static var width: Int {
    var size = winsize()
    let result = unsafe ioctl(Stream.error.rawValue, UInt(TIOCGWINSZ), &size)
    return result == 0 && size.ws_col >= 20 ? Int(size.ws_col) : 80
  }
}

/// Seconds on a clock that only goes forward.
func monotonicSeconds() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
