// A page that stays open in another tab goes when this device is given to a child; so does one that the browser kept to go back to.
(() => {
  'use strict'
  const away = () => location.reload()
  if (window.BroadcastChannel) new BroadcastChannel('pep').addEventListener('message', away)
  addEventListener('pageshow', (e) => { if (e.persisted) away() })
})()
