/**
 * Runs before everything else, while the app's own files are still on their way: the browser brings up its stores at
 * their first use, and the app would stand waiting for that.
 */
;(function () {
  try {
    var open = indexedDB.open('jiban')
    open.onupgradeneeded = function () {
      open.transaction.abort() // only the app makes its databases
    }
    open.onsuccess = function () {
      open.result.close()
    }
    open.onerror = function (event) {
      event.preventDefault()
    }
    // The router reads this as it starts; without it, an exception is made and caught each time (a tenth of a second).
    var scroll = 'vue-router:scroll'
    if (!sessionStorage[scroll]) sessionStorage[scroll] = '{}'
    void localStorage.length
  } catch {
    // switched off: the app says what that means
  }
})()
