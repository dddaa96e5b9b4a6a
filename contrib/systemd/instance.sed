# comityd.service and comityd.socket as templates: one authority an instance.
s,^Description=Comity.*,Description=Comity authority %i,
s,^Description=Sockets of Comity,Description=Sockets of Comity authority %i,
s,/etc/comity/,/etc/comity/%i/,
s,^StateDirectory=comity comity.orders$,StateDirectory=comity/%i comity/%i.orders,
s,^RuntimeDirectory=comity$,RuntimeDirectory=comity/%i,
s,/run/comity/,/run/comity/%i/,
s,^Also=comityd.socket,Also=comityd@%i.socket,
/^# For peers/d
/^ListenStream=[0-9[]/d
/^BindIPv6Only=/d
